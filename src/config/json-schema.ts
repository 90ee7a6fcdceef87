import { z } from 'zod';
import { policyFileSchema } from './schema.ts';

/** The JSON Schema of the policy file, for editors: draft 7, which the YAML extensions of all of them read. Made from the same source as the loader. */
export function policyJsonSchema(): string {
  const schema = z.toJSONSchema(policyFileSchema, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
