/** Writes what the pages take from the code: `docs/policy.md`, and the pictures of walks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PICTURED_PAGES, withPictures } from './pictures.ts';
import { policyPage } from './policy-page.ts';
import { ROOT } from './tree.ts';

writeFileSync(join(ROOT, 'docs/policy.md'), policyPage());
for (const page of PICTURED_PAGES) writeFileSync(join(ROOT, page), withPictures(readFileSync(join(ROOT, page), 'utf8')));
console.log(`docs/policy.md and the pictures of ${PICTURED_PAGES.join(' and ')} written`);
