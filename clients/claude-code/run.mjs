// Claude Code, the coding agent, against the gateway: one prompt, and one that has it use a tool.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const env = process.env;
const GROUPS = (env.IRONWARD_GROUPS ?? 'gpt-test,claude-test,gemini-test,llama-test').split(',');
// Starts the program of this platform; the package's own script for it is not run at the installation.
const LAUNCHER = createRequire(import.meta.url).resolve('@anthropic-ai/claude-code/cli-wrapper.cjs');

const CASES = {
  // The scripted upstream repeats the last text.
  prompt: ['Say pong.', /Say pong/],
  // It calls a tool that it is asked for, and quotes what the agent sends back.
  tool: ['Please call the Glob tool.', /The tool said/],
};

/** Runs the agent to its end in an empty home; what it answers. */
async function ask(group, prompt) {
  const home = await mkdtemp(join(tmpdir(), 'claude-code-'));
  const child = spawn(process.execPath, [LAUNCHER, '-p', prompt, '--output-format', 'json'], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    env: {
      PATH: env.PATH,
      HOME: home,
      ANTHROPIC_BASE_URL: env.IRONWARD_URL,
      ANTHROPIC_AUTH_TOKEN: env.IRONWARD_KEY,
      ANTHROPIC_MODEL: group,
      ANTHROPIC_SMALL_FAST_MODEL: group,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      IS_SANDBOX: '1',
      // Nothing but the gateway is reached.
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
      NO_PROXY: '127.0.0.1',
    },
  });
  let said = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (bytes) => (said += bytes));
  const code = await new Promise((resolve) => child.on('close', resolve));
  await rm(home, { recursive: true, force: true });
  assert.equal(code, 0, said);
  const reply = JSON.parse(said);
  assert.equal(reply.is_error, false, said);
  return reply.result;
}

let failed = 0;
let all = 0;
for (const group of GROUPS) {
  for (const [name, [prompt, wanted]] of Object.entries(CASES)) {
    all += 1;
    try {
      assert.match(await ask(group, prompt), wanted);
      console.log(`ok claude-code ${name} ${group}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL claude-code ${name} ${group}: ${error.message.replace(/\s+/g, ' ').slice(0, 300)}`);
    }
  }
}
console.log(`total: ${all - failed} ok, ${failed} failed`);
process.exit(failed ? 1 : 0);
