// What several clients ask for.
import { z } from 'zod';

export const City = z.object({ name: z.string(), inhabitants: z.number().int(), capital: z.boolean() });

export const CITY_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    inhabitants: { type: 'integer' },
    capital: { type: 'boolean' },
  },
  required: ['name', 'inhabitants', 'capital'],
  additionalProperties: false,
};

export const CITY_PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string', description: 'Where' } },
  required: ['city'],
  additionalProperties: false,
};

// What the scripted upstream makes of an argument.
export const ARGUMENTS = { city: 'city' };

export const CALL_ONE = 'Please call the weather tool.';
export const CALL_BOTH = 'Please call both tools.';

/** A city as the schema wants it; its numbers are the upstream's choice. */
export function isCity(value) {
  return City.safeParse(value).success;
}
