/**
 * Reads HTTP/1.1 replies off a connection that carries one request at a time. Node's own client spends several times as
 * much CPU on a request, and the load generator shares two cores with what it measures, so it reads for itself: status
 * line, headers, and a body by Content-Length or in chunks. Nothing else is understood, and what is not is refused.
 */

/** One whole reply. */
export interface Reply {
  readonly status: number;
  /** Status line and headers as received, one a line. */
  readonly head: string;
  readonly body: Buffer;
}

/** The server said something that is not a reply this reader understands. */
export class UnreadableReply extends Error {
  override readonly name = "UnreadableReply";
}

const HEAD_END = "\r\n\r\n";
const HEAD_BYTES_MAX = 64 * 1024;
const EMPTY: Buffer = Buffer.alloc(0);

/** What is known of a reply whose head is here. A body of null length comes in chunks. */
interface Head {
  readonly status: number;
  readonly text: string;
  readonly bodyStart: number;
  readonly bodyLength: number | null;
}

/** Gathers the bytes of one reply after another. */
export class ReplyReader {
  #bytes = EMPTY;
  #head: Head | null = null;

  /** Takes bytes; gives the reply once it is whole. Throws `UnreadableReply`, also on bytes behind a whole reply. */
  take(chunk: Buffer): Reply | null {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#head ??= readHead(this.#bytes);
    if (this.#head === null) return null;
    const { status, text, bodyStart, bodyLength } = this.#head;
    const body =
      bodyLength === null ? readChunks(this.#bytes, bodyStart) : readLength(this.#bytes, bodyStart, bodyLength);
    if (body === null) return null;
    if (body.end !== this.#bytes.length) throw new UnreadableReply("more bytes than one reply");
    this.#bytes = EMPTY;
    this.#head = null;
    return { status, head: text, body: body.bytes };
  }
}

function readHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) {
    if (bytes.length > HEAD_BYTES_MAX) throw new UnreadableReply("a head without an end");
    return null;
  }
  const text = bytes.toString("latin1", 0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new UnreadableReply("not an HTTP/1.1 status line");
  const bodyStart = end + HEAD_END.length;
  const bodiless = status === 204 || status === 304;
  const stated = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (bodiless) return { status, text, bodyStart, bodyLength: 0 };
  if (stated !== undefined) return { status, text, bodyStart, bodyLength: Number(stated) };
  if (/\r\ntransfer-encoding: *chunked/i.test(text)) return { status, text, bodyStart, bodyLength: null };
  throw new UnreadableReply("a body that ends with the connection");
}

interface Body {
  readonly bytes: Buffer;
  /** Where the reply ends. */
  readonly end: number;
}

function readLength(bytes: Buffer, start: number, length: number): Body | null {
  const end = start + length;
  return bytes.length < end ? null : { bytes: bytes.subarray(start, end), end };
}

function readChunks(bytes: Buffer, start: number): Body | null {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new UnreadableReply("a chunk without a size");
    const dataStart = lineEnd + 2;
    const dataEnd = dataStart + size;
    if (bytes.length < dataEnd + 2) return null;
    if (size === 0) return { bytes: Buffer.concat(parts), end: dataEnd + 2 };
    parts.push(bytes.subarray(dataStart, dataEnd));
    at = dataEnd + 2;
  }
}
