// Two issuers that others wrote, and a door for the test to ask them for tokens.
//
// The ready line: {"issuers": "HOST:PORT of the door", "mock": ISSUER, "provider": ISSUER}.
// GET /token?of=mock|provider&alg=ALG[&aud=AUD][&lifetime=SECONDS] is a client-credentials call at that issuer's
// own token endpoint. GET /rotate has the mock issuer sign with a new key. GET /stop ends it.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { generateKeyPair, exportJWK } from 'jose';
import { OAuth2Server } from 'oauth2-mock-server';
import { Provider } from 'oidc-provider';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${server.address().port}`;
}

async function startMock() {
  const mock = new OAuth2Server();
  await mock.issuer.keys.generate('RS256');
  await mock.start(0, '127.0.0.1');
  // The issuer it makes up says localhost; its tokens and its discovery document follow this.
  mock.issuer.url = `http://127.0.0.1:${mock.address().port}`;
  return mock;
}

async function startProvider() {
  const keys = await Promise.all(
    ALGORITHMS.map(async (alg) => {
      const pair = await generateKeyPair(alg, { extractable: true });
      return { ...(await exportJWK(pair.privateKey)), alg, use: 'sig', kid: `key-${alg}` };
    }),
  );
  let handle = (_request, response) => response.destroy();
  const address = await listen(createServer((request, response) => handle(request, response)));
  const provider = new Provider(`http://${address}`, {
    jwks: { keys },
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    cookies: { keys: ['of this test, used nowhere else'] },
    clients: ALGORITHMS.map((alg) => ({
      client_id: `agent-${alg}`,
      client_secret: 'a secret of this test, used nowhere else',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    })).concat({
      client_id: 'console',
      client_secret: 'a secret of this test, used nowhere else',
      grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1:4001/sso/callback'],
      response_types: ['code'],
    }),
    ttl: { ClientCredentials: (ctx) => Number(ctx.get('x-lifetime') || 600) },
    features: {
      // Forms of plain HTML that take any name and any password.
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource, client) => ({
          scope: '',
          audience: ctx.get('x-audience') || 'gateway',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: client.clientId.slice('agent-'.length) } },
        }),
      },
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  handle = provider.callback();
  return `http://${address}`;
}

const mock = await startMock();
const provider = await startProvider();
const mockIssuer = mock.issuer.url;

async function token(query) {
  const of = query.get('of');
  const audience = query.get('aud') ?? 'gateway';
  const lifetime = query.get('lifetime') ?? '600';
  mock.service.removeAllListeners('beforeTokenSigning');
  mock.service.once('beforeTokenSigning', (signed) => {
    signed.payload.sub = 'agent';
    signed.payload.aud = audience;
    signed.payload.exp = signed.payload.iat + Number(lifetime);
  });
  const endpoint = of === 'mock' ? `${mockIssuer}/token` : `${provider}/token`;
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'x-audience': audience, 'x-lifetime': lifetime },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: `agent-${query.get('alg') ?? 'RS256'}`,
      client_secret: 'a secret of this test, used nowhere else',
      resource: 'https://gateway.example.com',
    }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(`${endpoint}: ${answer.status} ${JSON.stringify(body)}`);
  }
  return body.access_token;
}

const actions = {
  '/token': token,
  '/rotate': async () => {
    const old = mock.issuer.keys.toJSON().map((key) => key.kid);
    const key = await mock.issuer.keys.generate('RS256');
    return JSON.stringify({ old, now: key.kid });
  },
  '/stop': async () => {
    await mock.stop();
    return 'stopped';
  },
};

const door = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://door');
  try {
    response.end(await actions[url.pathname](url.searchParams));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});
console.log(JSON.stringify({ issuers: await listen(door), mock: mockIssuer, provider }));
