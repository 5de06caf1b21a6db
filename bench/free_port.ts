/** A free port of this machine. Another program may take it before it is used; for a benchmark that is good enough. */
import { once } from "node:events";
import net from "node:net";

/** See the head of this file. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no free port on this machine");
  return address.port;
}
