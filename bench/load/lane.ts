/**
 * One kept-alive connection that carries one request at a time, as a browser's or a stitcher's would. A connection that
 * breaks is opened again; the request that was on it is reported as lost, never repeated.
 */
import net from "node:net";
import { ReplyReader, type Reply } from "./reply_reader.ts";

/** What a lane tells whoever owns it. */
export interface LaneEvents {
  /** A reply came, or null: the request is lost. The lane is free again. */
  readonly answered: (lane: Lane, request: number, reply: Reply | null) => void;
}

/** One connection. */
export class Lane {
  readonly #port: number;
  readonly #events: LaneEvents;
  #socket: net.Socket | null = null;
  #reader = new ReplyReader();
  #request: number | null = null;

  private constructor(port: number, events: LaneEvents) {
    this.#port = port;
    this.#events = events;
  }

  /** A connected lane. Rejects when nobody listens. */
  static async open(port: number, events: LaneEvents): Promise<Lane> {
    const lane = new Lane(port, events);
    await lane.#connect();
    return lane;
  }

  /** Sends a request. Requires: the lane is free. */
  send(request: number, message: Uint8Array): void {
    this.#request = request;
    if (this.#socket !== null) this.#socket.write(message);
    else {
      this.#connect().then(
        () => this.#socket?.write(message),
        () => this.#settle(null),
      );
    }
  }

  /** Ends the connection; what was on it is not reported. */
  close(): void {
    this.#request = null;
    this.#socket?.destroy();
  }

  #connect(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = net.connect({ port: this.#port, host: "127.0.0.1", noDelay: true }, () => {
      this.#socket = socket;
      this.#reader = new ReplyReader();
      resolve();
    });
    socket.on("data", (chunk) => this.#read(socket, chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle(null);
    });
    return promise;
  }

  #read(socket: net.Socket, chunk: Buffer): void {
    try {
      const reply = this.#reader.take(chunk);
      if (reply !== null) this.#settle(reply);
    } catch {
      socket.destroy();
    }
  }

  #settle(reply: Reply | null): void {
    const request = this.#request;
    this.#request = null;
    if (request !== null) this.#events.answered(this, request, reply);
  }
}
