// Runs the cases of the clients named on the command line, or of all.
import './cases/openai.mjs';
import './cases/anthropic.mjs';
import './cases/vercel-ai.mjs';
import { run } from './harness.mjs';

await run(process.argv.slice(2));
