import type { Reporter } from 'knip';

/** A knip reporter that says how many files were analysed, so that a run that saw nothing cannot pass for a clean one. */
const knipCount: Reporter = ({ counters }) => {
  console.log(`knip analysed ${counters.processed} files`);
};

export default knipCount;
