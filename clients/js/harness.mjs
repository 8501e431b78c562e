// Cases, groups, and the one way to report them.
import assert from 'node:assert/strict';

const env = process.env;
export const URL = (env.IRONWARD_URL ?? 'http://127.0.0.1:4000').replace(/\/$/, '');
export const KEY = env.IRONWARD_KEY ?? '';
export const GROUPS = (env.IRONWARD_GROUPS ?? 'gpt-test,claude-test,gemini-test,llama-test').split(',');
// The wildcard groups through which a case asks its provider for trouble.
export const FAMILIES = ['openai', 'anthropic', 'gemini', 'ollama'];
export const BAD_KEY = 'bad-key';
// The clients call the scripted upstream itself.
export const DIRECT = Boolean(env.IRONWARD_DIRECT);

// A red dot of 1 x 1.
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

const cases = [];

/** Registers a function of one group under a client's and a case's name. */
export function add(client, name, run, groups = GROUPS) {
  for (const group of groups) cases.push({ client, name, group, run });
}

/** Those of the groups whose name starts with one of these words. */
export const each = (...kinds) => GROUPS.filter((group) => kinds.some((kind) => group.startsWith(kind)));

/** Expects a rejection of this class, with one of these statuses. */
export async function rejects(call, kinds, statuses) {
  const error = await call().then(
    () => assert.fail('no error'),
    (error) => error,
  );
  const names = kinds.map((kind) => kind.name).join(' or ');
  assert.ok(kinds.some((kind) => error instanceof kind), `${error.constructor.name}, not ${names}: ${error.message}`);
  const status = error.status ?? error.statusCode;
  assert.ok(statuses.includes(status), `status ${status}, not ${statuses}: ${error.message}`);
}

/** A stream that breaks off says so in the dialect's own words, and never looks complete. */
export async function breaksOff(stream, kind, ends) {
  let complete = false;
  try {
    for await (const event of stream) complete ||= ends(event);
  } catch (error) {
    assert.ok(!complete, 'a broken stream looked complete');
    // Without a gateway in between, a cut connection is the transport's error.
    assert.ok(DIRECT || error instanceof kind, `${error.constructor.name}: ${error.message}`);
    return;
  }
  assert.fail('a broken stream ended without an error');
}

/** Runs the cases of these clients (none: all), four at a time. */
export async function run(clients) {
  const chosen = cases.filter(({ client }) => clients.length === 0 || clients.includes(client));
  let failed = 0;
  const queue = chosen[Symbol.iterator]();
  const worker = async () => {
    for (const one of queue) if (!(await runOne(one))) failed += 1;
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  console.log(`total: ${chosen.length - failed} ok, ${failed} failed`);
  process.exit(failed || chosen.length === 0 ? 1 : 0);
}

async function runOne({ client, name, group, run }) {
  try {
    await run(group);
  } catch (error) {
    const text = `${error.constructor.name}: ${error.message}`.replace(/\s+/g, ' ');
    console.log(`FAIL ${client} ${name} ${group}: ${text.slice(0, 300)}`);
    if (env.IRONWARD_TRACE) console.error(error);
    return false;
  }
  console.log(`ok ${client} ${name} ${group}`);
  return true;
}
