/** The load generator: who is due when, what latency means when a server stalls, and how replies are read. */
import { describe, expect, test } from "vitest";
import { ArrivalBook, poissonArrivals } from "../../bench/load/arrivals.ts";
import { ReplyReader, UnreadableReply, type Reply } from "../../bench/load/reply_reader.ts";
import { Tally } from "../../bench/load/tally.ts";
import { percentile } from "../../bench/statistics.ts";

/** A server with one connection that takes 1 ms a request and stands still once, for `stallMs` from `stallAtMs` on. */
function serveAlone(book: ArrivalBook, stallAtMs: number, stallMs: number): void {
  let nowMs = 0;
  while (book.unsettled > 0) {
    book.admit(nowMs);
    const request = book.send(nowMs);
    if (request === null) {
      nowMs = book.nextDueMs() ?? nowMs;
      continue;
    }
    nowMs += nowMs >= stallAtMs && nowMs < stallAtMs + 1 ? stallMs : 1;
    book.answered(request, nowMs);
  }
}

describe("an open loop", () => {
  const tenASecond = Float64Array.from({ length: 1000 }, (_, i) => i * 10);

  test("asks at the stated rate, at random moments, the same for the same seed", () => {
    const due = poissonArrivals(500, 20, "seed 7");
    expect(Math.abs(due.length - 10_000)).toBeLessThan(400);
    expect(due).toEqual(due.toSorted());
    expect(due.at(-1)).toBeLessThan(20_000);
    expect(poissonArrivals(500, 20, "seed 7")).toEqual(due);
    expect(poissonArrivals(500, 20, "seed 8")).not.toEqual(due);
    const gaps = due.slice(1).map((at, i) => at - (due[i] ?? 0));
    // Independent viewers: a gap longer than the mean comes with probability 1/e.
    expect(gaps.filter((gap) => gap > 2).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
  });

  test("counts latency from the moment a request was due, so that a stall is felt by all who came meanwhile", () => {
    const book = new ArrivalBook(tenASecond);
    serveAlone(book, 5_000, 1_000);
    expect(book.latenciesMs).toHaveLength(1000);
    // 100 of 1,000 requests were due during the stall of a second and each waited for its end.
    expect(percentile(book.latenciesMs, 0.5)).toBe(1);
    expect(percentile(book.latenciesMs, 0.95)).toBeGreaterThan(400);
    expect(percentile(book.latenciesMs, 1)).toBe(1_000);
    expect(book.waitingMax).toBeGreaterThan(90);
  });

  test("nobody is sent before being due, and each once, in order", () => {
    const book = new ArrivalBook(Float64Array.from([1, 2, 3]));
    book.admit(0.9);
    expect(book.send(0.9)).toBeNull();
    book.admit(2);
    expect([book.send(2), book.send(2), book.send(2)]).toEqual([0, 1, null]);
    expect(book.nextDueMs()).toBe(3);
    expect(book.sendLagsMs).toEqual([1, 0]);
    book.answered(1, 4);
    book.lost();
    expect(book.latenciesMs).toEqual([2]);
    expect(book.unsettled).toBe(1);
  });
});

/** Feeds a reply in pieces of so many bytes; the reply must come with the last piece and not before. */
function readInPieces(text: string, size: number): Reply {
  const bytes = Buffer.from(text);
  const reader = new ReplyReader();
  for (let at = 0; at < bytes.length; at += size) {
    const reply = reader.take(bytes.subarray(at, at + size));
    if (at + size >= bytes.length && reply !== null) return reply;
    expect(reply).toBeNull();
  }
  throw new Error("the reply never came");
}

describe("reading replies", () => {
  const sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n";

  test.each([1, 2, 7, 1000])("a body of stated length, in pieces of %i bytes", (size) => {
    const reply = readInPieces(sized, size);
    expect([reply.status, reply.body.toString(), reply.head.includes("x: y")]).toEqual([200, "hello", true]);
  });

  test.each([1, 3, 1000])("a body in chunks, in pieces of %i bytes", (size) => {
    expect(readInPieces(chunked, size).body.toString()).toBe("hello0123456789");
  });

  test("an answer without a body, and the next one on the same connection", () => {
    const reader = new ReplyReader();
    expect(reader.take(Buffer.from("HTTP/1.1 204 No Content\r\nmidroll-verdict: billed\r\n\r\n"))?.status).toBe(204);
    expect(reader.take(Buffer.from(sized))?.body.toString()).toBe("hello");
  });

  test.each([
    ["what is no HTTP", "SSH-2.0 hello\r\n\r\n"],
    ["a body of unknown end", "HTTP/1.1 200 OK\r\n\r\nhello"],
    ["more than one reply", `${sized}${sized}`],
    ["a chunk without a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    ["a head without an end", "HTTP/1.1 200 OK\r\n".padEnd(70_000, "x")],
  ])("%s is refused", (_, text) => {
    expect(() => new ReplyReader().take(Buffer.from(text))).toThrow(UnreadableReply);
  });
});

function reply(status: number, body: string, head = "HTTP/1.1 200 OK"): Reply {
  return { status, head, body: Buffer.from(body) };
}

describe("judging replies", () => {
  const expected = { status: 200, required: "tier", forbidden: "\r\nproblem: ", marks: { full: '"full"' } };

  test("anything but the expected answer is an error of its kind", () => {
    const tally = new Tally(expected, null);
    expect(tally.judge(0, reply(200, '{"tier":"full"}'))).toBe(true);
    expect(tally.judge(1, reply(500, '{"tier":"full"}'))).toBe(false);
    expect(tally.judge(2, reply(200, "{}"))).toBe(false);
    expect(tally.judge(3, reply(200, '{"tier":"house"}', "HTTP/1.1 200 OK\r\nproblem: internal"))).toBe(false);
    expect(tally.judge(4, null)).toBe(false);
    expect(tally.right).toBe(1);
    expect(tally.firstWrong).toBe('HTTP/1.1 200 OK\n{"tier":"full"}');
    expect(tally.marks).toEqual({ full: 1 });
    expect(tally.errors).toEqual({
      "status 500": 1,
      "required text missing": 1,
      "forbidden text": 1,
      "connection lost": 1,
    });
  });

  test("collects what follows a text, with the request it came from, up to a bound", () => {
    const tally = new Tally({ status: 200, marks: {} }, { before: '"url":"', max: 3 });
    tally.judge(5, reply(200, '[{"url":"a"},{"url":"b"}]'));
    tally.judge(6, reply(200, '[{"url":"c"},{"url":"d"}]'));
    expect(tally.harvested).toEqual([
      [5, "a"],
      [5, "b"],
      [6, "c"],
    ]);
  });
});
