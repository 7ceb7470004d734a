/**
 * Checks of what came over the wire. A `Schema` reads an unknown value and gives it back typed,
 * holding the known fields only, so that what the server adds later does no harm.
 */

/** Why a value is not what the protocol says; names the place, never the content. */
export class SchemaError extends Error {
  override name = 'SchemaError';
}

export type Schema<T> = (value: unknown, path: string) => T;

/** The type that a schema reads. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

function wrong(path: string, expected: string): never {
  throw new SchemaError(`${path} is not ${expected}`);
}

export const text: Schema<string> = (value, path) =>
  typeof value === 'string' ? value : wrong(path, 'a string');

export const flag: Schema<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : wrong(path, 'true or false');

/** A whole number that JavaScript holds exactly, zero or more. */
export const count: Schema<number> = (value, path) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : wrong(path, 'a whole number');

export function literal<const T extends string>(expected: T): Schema<T> {
  return (value, path) => (value === expected ? expected : wrong(path, `"${expected}"`));
}

export function list<T>(item: Schema<T>): Schema<T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((entry, index) => item(entry, `${path}[${index}]`))
      : wrong(path, 'a list');
}

/** An object whose keys are data. */
export function map<T>(item: Schema<T>): Schema<Record<string, T>> {
  return (value, path) => {
    if (!isRecord(value)) return wrong(path, 'an object');
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, item(entry, `${path}.${key}`)]));
  };
}

/** Marks a field that may be left out. */
export interface Optional<T> {
  readonly optional: Schema<T>;
}

export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema };
}

type Fields = Record<string, Schema<unknown> | Optional<unknown>>;

type Shape<F extends Fields> = {
  [K in keyof F as F[K] extends Optional<unknown> ? never : K]: F[K] extends Schema<infer T> ? T : never;
} & {
  [K in keyof F as F[K] extends Optional<unknown> ? K : never]?: F[K] extends Optional<infer T> ? T : never;
};

/** An intersection written out flat, so that editors and errors show the fields. */
type Flat<T> = { [K in keyof T]: T[K] };

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function object<F extends Fields>(fields: F): Schema<Flat<Shape<F>>> {
  const entries = Object.entries(fields);
  return (value, path) => {
    if (!isRecord(value)) return wrong(path, 'an object');
    const result: Record<string, unknown> = {};
    for (const [name, field] of entries) {
      const place = `${path}.${name}`;
      if (typeof field === 'function') {
        result[name] = field(value[name], place);
      } else if (value[name] !== undefined && value[name] !== null) {
        result[name] = field.optional(value[name], place);
      }
    }
    return result as Flat<Shape<F>>;
  };
}

/** Reads with `schema` and keeps its result as it is, or tells what was wrong. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; problem: string };

export function attempt<T>(read: () => T): Outcome<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof SchemaError) return { ok: false, problem: error.message };
    throw error;
  }
}
