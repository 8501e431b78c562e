// A small language model behind the OpenAI dialect, for the demonstration: llama.cpp on one thread,
// one call at a time, on loopback. usage: node server.mjs MODEL.gguf
import { createServer } from 'node:http';
import { basename } from 'node:path';
import { LlamaChat, LlamaLogLevel, getLlama } from 'node-llama-cpp';

const file = process.argv[2];
const name = basename(file, '.gguf');

const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: 2048, threads: 1 });
const sequence = context.getSequence();
const chat = new LlamaChat({ contextSequence: sequence });

// The one sequence has one user: each call waits for the one before it.
let turn = Promise.resolve();
function inTurn(work) {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}

function textOf(content) {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('');
}

function history(messages) {
  const items = messages.map(({ role, content }) => {
    if (role === 'assistant') return { type: 'model', response: [textOf(content)] };
    return { type: role === 'user' ? 'user' : 'system', text: textOf(content) };
  });
  // The answer grows in a last, empty turn of the model.
  return [...items, { type: 'model', response: [] }];
}

async function answer(call, onText, signal) {
  const schema = call.response_format?.json_schema?.schema;
  const grammar = schema && (await llama.createGrammarForJsonSchema(schema));
  await sequence.clearHistory();
  const before = sequence.tokenMeter.getState();
  const { response, metadata } = await chat.generateResponse(history(call.messages), {
    maxTokens: call.max_completion_tokens ?? call.max_tokens ?? 128,
    temperature: call.temperature ?? 0,
    seed: call.seed ?? 1,
    customStopTriggers: call.stop ? [call.stop].flat() : undefined,
    grammar,
    signal,
    stopOnAbortSignal: true,
    onTextChunk: onText,
  });
  const { usedInputTokens: input, usedOutputTokens: output } = sequence.tokenMeter.diff(before);
  return {
    text: response,
    finish_reason: metadata.stopReason === 'maxTokens' ? 'length' : 'stop',
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}

let count = 0;
const envelope = (object) => ({
  id: `chatcmpl-${(count += 1)}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model: name,
});

async function whole(call, reply, signal) {
  const { text, finish_reason, usage } = await answer(call, undefined, signal);
  const message = { role: 'assistant', content: text, refusal: null };
  json(reply, 200, {
    ...envelope('chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason }],
    usage,
  });
}

async function streamed(call, reply, signal) {
  const head = envelope('chat.completion.chunk');
  const send = (rest) => reply.write(`data: ${JSON.stringify({ ...head, ...rest })}\n\n`);
  const piece = (delta, finish_reason = null) => send({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  reply.writeHead(200, { 'content-type': 'text/event-stream' });
  piece({ role: 'assistant', content: '' });
  const { finish_reason, usage } = await answer(call, (content) => piece({ content }), signal);
  piece({}, finish_reason);
  if (call.stream_options?.include_usage) send({ choices: [], usage });
  reply.end('data: [DONE]\n\n');
}

function json(reply, status, body) {
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify(body));
}

function refuse(reply, status, message) {
  json(reply, status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}

async function serve(request, reply) {
  if (request.method === 'GET' && request.url === '/v1/models') {
    return json(reply, 200, { object: 'list', data: [{ id: name, object: 'model', created: 0, owned_by: 'demo' }] });
  }
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions') return refuse(reply, 404, 'no such route');
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const call = JSON.parse(Buffer.concat(pieces).toString());
  if (!Array.isArray(call.messages) || call.messages.length === 0) return refuse(reply, 400, 'messages is empty');
  // A caller that goes away frees the model for the next one.
  const gone = new AbortController();
  reply.on('close', () => gone.abort());
  return inTurn(() => (call.stream ? streamed : whole)(call, reply, gone.signal));
}

const server = createServer((request, reply) => {
  serve(request, reply).catch((error) => {
    if (reply.headersSent) reply.destroy();
    else refuse(reply, error instanceof SyntaxError ? 400 : 500, String(error));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ model: `127.0.0.1:${server.address().port}`, name }));
});
