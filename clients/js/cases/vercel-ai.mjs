// ai, the Vercel AI SDK, over its three providers that can be pointed at a gateway.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';

import { BAD_KEY, KEY, URL, add, each, rejects } from '../harness.mjs';
import { CALL_ONE, City } from './shapes.mjs';

// Client name -> a model by its name. The openai provider calls /responses unless told `chat`.
const providers = {
  'ai-openai': (apiKey) => (model) => createOpenAI({ baseURL: `${URL}/v1`, apiKey }).chat(model),
  'ai-compatible': (apiKey) =>
    createOpenAICompatible({ name: 'ironward', baseURL: `${URL}/v1`, apiKey, supportsStructuredOutputs: true }),
  'ai-anthropic': (apiKey) => createAnthropic({ baseURL: `${URL}/v1`, apiKey }),
};

// It warns of each model whose name it doesn't know.
globalThis.AI_SDK_LOG_WARNINGS = false;

const maxRetries = 0;
const getWeather = tool({
  description: 'The weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `12 degrees in ${city}`,
});

for (const [name, provider] of Object.entries(providers)) {
  const model = provider(KEY);

  add(name, 'whole', async (group) => {
    const reply = await generateText({ model: model(group), prompt: 'hello there', system: 'Be brief.', maxRetries });
    assert.equal(reply.text, 'You said: hello there');
    assert.ok(reply.usage.outputTokens > 0);
  });

  add(name, 'streamed', async (group) => {
    const stream = streamText({ model: model(group), prompt: 'hello there', maxRetries });
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    assert.equal(text, 'You said: hello there');
    assert.equal(await stream.finishReason, 'stop');
  });

  add(name, 'tools', async (group) => {
    const tools = { get_weather: getWeather };
    const reply = await generateText({ model: model(group), prompt: CALL_ONE, tools, stopWhen: stepCountIs(3), maxRetries });
    assert.equal(reply.text, 'The tool said: 12 degrees in city');
    assert.deepEqual(reply.steps[0].toolCalls[0].input, { city: 'city' });
  });

  add(name, 'streamed_tools', async (group) => {
    const tools = { get_weather: getWeather };
    const stream = streamText({ model: model(group), prompt: CALL_ONE, tools, stopWhen: stepCountIs(3), maxRetries });
    assert.equal(await stream.text, 'The tool said: 12 degrees in city');
  });

  // A model that it doesn't know gets structured output through a forced tool from the anthropic
  // provider, and Ollama has no tool choice.
  const structured = name === 'ai-anthropic' ? each('gpt', 'claude', 'gemini') : undefined;

  add(name, 'structured', async (group) => {
    const reply = await generateObject({ model: model(group), prompt: 'A city.', schema: City, maxRetries });
    assert.ok(City.safeParse(reply.object).success);
  }, structured);

  add(name, 'streamed_structured', async (group) => {
    const stream = streamObject({ model: model(group), prompt: 'A city.', schema: City, maxRetries });
    let last;
    for await (last of stream.partialObjectStream);
    assert.ok(City.safeParse(last).success);
  }, structured);

  add(name, 'errors', async (group) => {
    const ask = (model) => () => generateText({ model, prompt: 'hi', maxRetries });
    await rejects(ask(model('missing')), [APICallError], [400, 404]);
    await rejects(ask(provider(BAD_KEY)(group)), [APICallError], [401]);
    await rejects(ask(model('openai/fail-429')), [APICallError], [429]);
  }, each('gpt'));
}
