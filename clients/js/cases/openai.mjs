// openai for JavaScript.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

import { BAD_KEY, FAMILIES, KEY, PNG, URL, add, breaksOff, each, rejects } from '../harness.mjs';
import { ARGUMENTS, CALL_BOTH, CALL_ONE, CITY_PARAMETERS, CITY_SCHEMA, isCity } from './shapes.mjs';

const NAME = 'openai-js';
const client = new OpenAI({ baseURL: `${URL}/v1`, apiKey: KEY, maxRetries: 0 });
const chat = (model, content, options = {}, by = client) =>
  by.chat.completions.create({ model, messages: [{ role: 'user', content }], ...options });

const tool = (name) => ({ type: 'function', function: { name, parameters: CITY_PARAMETERS } });
const tools = [tool('get_weather'), tool('get_time')];

add(NAME, 'whole', async (group) => {
  const reply = await chat(group, 'hello there');
  assert.equal(reply.choices[0].message.content, 'You said: hello there');
  assert.equal(reply.choices[0].finish_reason, 'stop');
  assert.ok(reply.usage.total_tokens > 0);
});

add(NAME, 'streamed', async (group) => {
  let text = '';
  let usage;
  for await (const chunk of await chat(group, 'hello there', { stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage;
  }
  assert.equal(text, 'You said: hello there');
  assert.ok(usage.completion_tokens > 0);
});

add(NAME, 'tools', async (group) => {
  const message = (await chat(group, CALL_ONE, { tools })).choices[0].message;
  assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), ARGUMENTS);
  const reply = await client.chat.completions.create({
    model: group,
    tools,
    messages: [
      { role: 'user', content: CALL_ONE },
      message,
      { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '12 degrees' },
    ],
  });
  assert.equal(reply.choices[0].message.content, 'The tool said: 12 degrees');
});

add(NAME, 'streamed_tools', async (group) => {
  const messages = [{ role: 'user', content: CALL_BOTH }];
  const final = await client.chat.completions.stream({ model: group, messages, tools }).finalChatCompletion();
  const calls = final.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  assert.deepEqual(calls, [['get_weather', ARGUMENTS], ['get_time', ARGUMENTS]]);
});

add(NAME, 'tool_runner', async (group) => {
  const runner = client.chat.completions.runTools({
    model: group,
    messages: [{ role: 'user', content: CALL_ONE }],
    tools: [{
      type: 'function',
      function: {
        name: 'get_weather',
        parameters: CITY_PARAMETERS,
        parse: JSON.parse,
        function: ({ city }) => `12 degrees in ${city}`,
      },
    }],
  });
  assert.equal(await runner.finalContent(), 'The tool said: 12 degrees in city');
});

add(NAME, 'structured', async (group) => {
  const json_schema = { name: 'city', strict: true, schema: CITY_SCHEMA };
  const reply = await chat(group, 'A city.', { response_format: { type: 'json_schema', json_schema } });
  assert.ok(isCity(JSON.parse(reply.choices[0].message.content)));
});

add(NAME, 'image', async (group) => {
  const url = `data:image/png;base64,${PNG}`;
  const reply = await chat(group, [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url } }]);
  assert.match(reply.choices[0].message.content, /^You said: What is it\? \[image/);
});

add(NAME, 'embeddings', async (group) => {
  const reply = await client.embeddings.create({ model: group, input: ['a', 'b', 'a'] });
  assert.deepEqual(reply.data[0].embedding, reply.data[2].embedding);
  assert.notDeepEqual(reply.data[0].embedding, reply.data[1].embedding);
}, each('gpt', 'gemini', 'llama'));

add(NAME, 'unknown_model', async () => {
  await rejects(() => chat('missing', 'hi'), [OpenAI.NotFoundError, OpenAI.BadRequestError], [400, 404]);
}, each('gpt'));

add(NAME, 'bad_key', async (group) => {
  const other = new OpenAI({ baseURL: `${URL}/v1`, apiKey: BAD_KEY, maxRetries: 0 });
  await rejects(() => chat(group, 'hi', {}, other), [OpenAI.AuthenticationError], [401]);
}, each('gpt'));

add(NAME, 'upstream_faults', async (family) => {
  await rejects(() => chat(`${family}/fail-429`, 'hi'), [OpenAI.RateLimitError], [429]);
  await rejects(() => chat(`${family}/fail-500`, 'hi'), [OpenAI.InternalServerError], [500, 502, 503]);
  await rejects(() => chat(`${family}/context-window`, 'hi'), [OpenAI.BadRequestError], [400]);
}, FAMILIES);

add(NAME, 'failing_stream', async (family) => {
  for (const model of ['error-in-stream', 'cut-stream']) {
    let stream;
    try {
      stream = await chat(`${family}/${model}`, 'one two three four', { stream: true });
    } catch (error) {
      // It failed before its first piece: an ordinary error, not a broken stream.
      if (error instanceof OpenAI.InternalServerError) continue;
      throw error;
    }
    await breaksOff(stream, OpenAI.APIError, (chunk) => chunk.choices.some((choice) => choice.finish_reason));
  }
}, FAMILIES);
