// @anthropic-ai/sdk.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';

import { BAD_KEY, FAMILIES, KEY, PNG, URL, add, breaksOff, each, rejects } from '../harness.mjs';
import { ARGUMENTS, CALL_BOTH, CALL_ONE, CITY_PARAMETERS, CITY_SCHEMA, isCity } from './shapes.mjs';

const NAME = 'anthropic-js';
const client = new Anthropic({ baseURL: URL, apiKey: KEY, maxRetries: 0 });
const ask = (model, content, options = {}, by = client) =>
  by.messages.create({ model, max_tokens: 500, messages: [{ role: 'user', content }], ...options });
const stream = (model, content, options = {}) =>
  client.messages.stream({ model, max_tokens: 500, messages: [{ role: 'user', content }], ...options });

const tool = (name) => ({ name, input_schema: CITY_PARAMETERS });
const tools = [tool('get_weather'), tool('get_time')];

add(NAME, 'whole', async (group) => {
  const reply = await ask(group, 'hello there');
  assert.deepEqual(reply.content.map((block) => block.text), ['You said: hello there']);
  assert.equal(reply.stop_reason, 'end_turn');
  assert.ok(reply.usage.output_tokens > 0);
});

add(NAME, 'streamed', async (group) => {
  const events = stream(group, 'hello there');
  let text = '';
  events.on('text', (piece) => (text += piece));
  const reply = await events.finalMessage();
  assert.equal(text, 'You said: hello there');
  assert.equal(reply.content[0].text, text);
  assert.ok(reply.usage.output_tokens > 0);
});

add(NAME, 'tools', async (group) => {
  const reply = await ask(group, CALL_ONE, { tools });
  const call = reply.content.find((block) => block.type === 'tool_use');
  assert.deepEqual([call.name, call.input, reply.stop_reason], ['get_weather', ARGUMENTS, 'tool_use']);
  const next = await client.messages.create({
    model: group,
    max_tokens: 500,
    tools,
    messages: [
      { role: 'user', content: CALL_ONE },
      { role: 'assistant', content: reply.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: '12 degrees' }] },
    ],
  });
  assert.equal(next.content[0].text, 'The tool said: 12 degrees');
});

add(NAME, 'streamed_tools', async (group) => {
  const reply = await stream(group, CALL_BOTH, { tools }).finalMessage();
  const calls = reply.content.filter((block) => block.type === 'tool_use').map((block) => [block.name, block.input]);
  assert.deepEqual(calls, [['get_weather', ARGUMENTS], ['get_time', ARGUMENTS]]);
});

add(NAME, 'structured', async (group) => {
  const format = { type: 'json_schema', schema: CITY_SCHEMA };
  const reply = await ask(group, 'A city.', { output_config: { format } });
  assert.ok(isCity(JSON.parse(reply.content[0].text)));
});

add(NAME, 'image', async (group) => {
  const source = { type: 'base64', media_type: 'image/png', data: PNG };
  const reply = await ask(group, [{ type: 'text', text: 'What is it?' }, { type: 'image', source }]);
  assert.match(reply.content[0].text, /^You said: What is it\? \[image/);
});

add(NAME, 'thinking', async (group) => {
  const thinking = { type: 'enabled', budget_tokens: 1024 };
  const reply = await stream(group, 'hi', { max_tokens: 4000, thinking }).finalMessage();
  assert.deepEqual(reply.content.map((block) => block.type), ['thinking', 'text']);
  assert.ok(reply.content[0].signature);
}, each('claude'));

add(NAME, 'unknown_model', async () => {
  await rejects(() => ask('missing', 'hi'), [Anthropic.NotFoundError, Anthropic.BadRequestError], [400, 404]);
}, each('claude'));

add(NAME, 'bad_key', async (group) => {
  const other = new Anthropic({ baseURL: URL, apiKey: BAD_KEY, maxRetries: 0 });
  await rejects(() => ask(group, 'hi', {}, other), [Anthropic.AuthenticationError], [401]);
}, each('claude'));

add(NAME, 'upstream_faults', async (family) => {
  await rejects(() => ask(`${family}/fail-429`, 'hi'), [Anthropic.RateLimitError], [429]);
  await rejects(() => ask(`${family}/fail-500`, 'hi'), [Anthropic.InternalServerError], [500, 502, 503]);
  await rejects(() => ask(`${family}/context-window`, 'hi'), [Anthropic.BadRequestError], [400]);
}, FAMILIES);

add(NAME, 'failing_stream', async (family) => {
  for (const model of ['error-in-stream', 'cut-stream']) {
    const events = await ask(`${family}/${model}`, 'one two three four', { stream: true });
    await breaksOff(events, Anthropic.APIError, (event) => ['message_delta', 'message_stop'].includes(event.type));
  }
}, FAMILIES);
