/** A whole Parlor for one test file: a Redis of its own, gateways and workers. */

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DIST, requireDist } from './static.ts';

const BIN_DIR = resolve(process.env['PARLOR_BIN_DIR'] ?? join(import.meta.dirname, '../../../../target/debug'));
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
/** From SIGTERM to SIGKILL. */
const STOP_TIMEOUT_MS = 8_000;
const LOG_TAIL_CHARACTERS = 3_000;

/** Below those that a kernel gives to whoever connects: a gateway that is killed finds its port free again. */
const PORTS = { first: 10_000, count: 20_000 };

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => {
      done(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        done(true);
      });
    });
  });
}

/** Ports that were free a moment ago. By chance, so that files that run at once have their own. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + READY_TIMEOUT_MS;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`${what} is not ready after ${READY_TIMEOUT_MS} ms`);
    await pause(POLL_MS);
  }
}

/** One process, its log, and its end. */
class Program {
  readonly #name: string;
  readonly #log: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(name: string, command: string, args: string[], env: Record<string, string>, folder: string) {
    this.#name = name;
    this.#log = join(folder, `${name}.log`);
    const log = openSync(this.#log, 'a');
    this.#child = spawn(command, args, {
      // The programs read `.env` of the folder they run in: theirs is empty.
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#ended = new Promise((done) => {
      this.#child.once('exit', () => {
        done();
      });
      this.#child.once('error', () => {
        done();
      });
    });
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async whenReady(check: () => Promise<boolean>): Promise<void> {
    try {
      await until(this.#name, () => {
        if (!this.isRunning) throw new Error(`${this.#name} has ended`);
        return check();
      });
    } catch (error) {
      throw new Error(`${String(error)}; its log ends with:\n${this.#tail()}`, { cause: error });
    }
  }

  async kill(): Promise<void> {
    this.killNow();
    await this.#ended;
  }

  killNow(): void {
    if (this.isRunning) this.#child.kill('SIGKILL');
  }

  /** As an operator would: the program may finish what it does. */
  async terminate(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGTERM');
    const hasEnded = await Promise.race([
      this.#ended.then(() => true),
      pause(STOP_TIMEOUT_MS, false, { ref: false }),
    ]);
    if (!hasEnded) await this.kill();
  }

  #tail(): string {
    return readFileSync(this.#log, 'utf8').slice(-LOG_TAIL_CHARACTERS);
  }
}

async function isReady(adminPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    return response.status === 200;
  } catch {
    return false;
  }
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      done(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

interface Gateway {
  readonly url: string;
  /** As a power cut would. */
  kill(): Promise<void>;
  /** On the same port. */
  start(): Promise<void>;
  terminate(): Promise<void>;
}

export interface System {
  readonly gateways: readonly [Gateway, Gateway];
  /** Runs `gateway admin` with these arguments. */
  admin(...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** `settings` are the gateways', over what tests mostly want; `null` leaves one out. */
export async function startSystem(settings: Record<string, string | null> = {}): Promise<System> {
  requireDist();
  for (const program of ['gateway', 'history-worker', 'presence-worker']) {
    if (existsSync(join(BIN_DIR, program))) continue;
    throw new Error(`${program} is missing: run \`cargo build --workspace --bins\`, or set PARLOR_BIN_DIR`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));
  const programs: Program[] = [];
  // The last resort, when the tests are ended in their midst.
  const killAll = (): void => {
    for (const program of programs) program.killNow();
  };
  process.once('exit', killAll);

  const [redisPort = 0, ...ports] = await freePorts(7);
  const environment = { REDIS_URL: `redis://127.0.0.1:${redisPort}`, LOG: 'info', OFFLINE_GRACE: '3s' };
  const run = (name: string, command: string, args: string[], env: Record<string, string>): Program => {
    const program = new Program(name, command, args, env, folder);
    programs.push(program);
    return program;
  };

  const startGateway = async (index: number, port: number, adminPort: number): Promise<Program> => {
    const wanted: Record<string, string | null> = {
      ...environment,
      SERVER_ADDRESS: `127.0.0.1:${port}`,
      ADMIN_ADDRESS: `127.0.0.1:${adminPort}`,
      CLIENT_LOCATION: DIST,
      // Low enough for somebody who types quickly.
      MESSAGE_RATE: '10/10s',
      DRAIN_WAIT: '0s',
      DRAIN_GRACE: '2s',
      // What a password costs is not what these tests are about.
      ARGON2_MEMORY_KIB: '64',
      ARGON2_ITERATIONS: '1',
      PHOTO_STORE: join(folder, 'photos'),
      ...settings,
    };
    const given = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== null);
    const program = run(`gateway-${index}`, join(BIN_DIR, 'gateway'), [], Object.fromEntries(given));
    await program.whenReady(() => isReady(adminPort));
    return program;
  };

  const makeGateway = async (index: number, port = 0, adminPort = 0): Promise<Gateway> => {
    let program = await startGateway(index, port, adminPort);
    return {
      url: `http://127.0.0.1:${port}`,
      kill: () => program.kill(),
      terminate: () => program.terminate(),
      start: async () => {
        program = await startGateway(index, port, adminPort);
      },
    };
  };

  const stop = async (): Promise<void> => {
    const [redis, ...rest] = programs;
    await Promise.all(rest.map((program) => program.terminate()));
    await redis?.terminate();
    process.removeListener('exit', killAll);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const redis = run(
      'redis',
      'redis-server',
      ['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'],
      {},
    );
    await redis.whenReady(() => answersPing(redisPort));
    const startWorker = async (name: string, adminPort = 0): Promise<void> => {
      const worker = run(name, join(BIN_DIR, name), [], { ...environment, ADMIN_ADDRESS: `127.0.0.1:${adminPort}` });
      await worker.whenReady(() => isReady(adminPort));
    };
    const [first, second] = await Promise.all([
      makeGateway(1, ports[0], ports[1]),
      makeGateway(2, ports[2], ports[3]),
      startWorker('history-worker', ports[4]),
      startWorker('presence-worker', ports[5]),
    ]);
    const gateways = [first, second] as const;
    const admin = async (...args: string[]): Promise<void> => {
      await promisify(execFile)(join(BIN_DIR, 'gateway'), ['admin', ...args], { cwd: folder, env: environment });
    };
    return { gateways, admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
