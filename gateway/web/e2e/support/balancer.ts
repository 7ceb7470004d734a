/** One port before several gateways, as a load balancer: a new connection goes to the first that takes it. */

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Balancer {
  readonly url: string;
  stop(): Promise<void>;
}

/** `order` says at each connection which gateways to try, by their addresses. */
export async function balance(order: () => readonly string[]): Promise<Balancer> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    client.on('error', () => undefined);
    forward(client, order().map((url) => Number(new URL(url).port)), keep);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((done) => {
        for (const socket of open) socket.destroy();
        server.close(() => {
          done();
        });
      }),
  };
}

function forward(client: Socket, [port, ...others]: number[], keep: (socket: Socket) => void): void {
  if (port === undefined) {
    client.destroy();
    return;
  }
  const gateway = connect(port, '127.0.0.1');
  keep(gateway);
  const refused = (): void => {
    forward(client, others, keep);
  };
  gateway.once('error', refused);
  gateway.once('connect', () => {
    gateway.off('error', refused);
    gateway.on('error', () => undefined);
    client.pipe(gateway).pipe(client);
    // A gateway that dies takes its connections with it.
    gateway.once('close', () => client.destroy());
    client.once('close', () => gateway.destroy());
  });
}
