import { writeFileSync } from 'node:fs';
import { policyJsonSchema } from '#config/json-schema.ts';

const path = new URL('../gatehouse.schema.json', import.meta.url);
writeFileSync(path, policyJsonSchema());
console.log('gatehouse.schema.json written');
