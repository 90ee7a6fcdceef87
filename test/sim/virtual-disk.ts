import type { Disk, DiskFile } from '#store/line-file.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** `full`: nothing more fits; `gone`: every operation fails, as after a cable was pulled; `stuck`: nothing returns until it is over. */
export type DiskState = 'well' | 'full' | 'gone' | 'stuck';

/** A disk that is well takes no longer for one write. */
const mendedMs = 5;

interface Contents {
  bytes: Buffer;
  length: number;
}

/** A disk on the virtual clock: slow, filling up, failing in the middle of a write, away for a while. What was written stays. */
export class VirtualDisk implements Disk {
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  #slowMs: number;
  /** How likely one write fails though the disk is well. */
  #fails: number;
  readonly #files = new Map<string, Contents>();
  #state: DiskState = 'well';
  #stuck: (() => void)[] = [];

  constructor(clock: VirtualClock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
    this.#slowMs = dice.pick([0, 0, 5, 200, 3_000]);
    this.#fails = dice.pick([0, 0, 0, 0.02]);
  }

  get state(): DiskState {
    return this.#state;
  }

  set state(state: DiskState) {
    this.#state = state;
    if (state === 'stuck') return;
    for (const go of this.#stuck.splice(0)) go();
  }

  mend(): void {
    this.#fails = 0;
    this.#slowMs = Math.min(this.#slowMs, mendedMs);
    this.state = 'well';
  }

  /** Everything in the files whose path begins so. */
  text(prefix: string): string {
    const found = [...this.#files].filter(([path]) => path.startsWith(prefix));
    return found.map(([, { bytes, length }]) => bytes.toString('utf8', 0, length)).join('');
  }

  async open(path: string): Promise<DiskFile> {
    await this.#works();
    const contents = this.#files.get(path) ?? { bytes: Buffer.alloc(4_096), length: 0 };
    this.#files.set(path, contents);
    let open = true;
    const works = async (): Promise<void> => {
      if (!open) throw diskError('EBADF');
      await this.#works();
    };
    return {
      chmod: works,
      async stat() {
        await works();
        return { size: contents.length };
      },
      async truncate(length) {
        await works();
        contents.length = Math.min(contents.length, length);
      },
      write: async (bytes, offset) => {
        await works();
        return { bytesWritten: await this.#write(contents, bytes.subarray(offset)) };
      },
      async read(into, offset, length, position) {
        await works();
        const end = Math.min(contents.length, position + length);
        return { bytesRead: contents.bytes.copy(into, offset, position, Math.max(position, end)) };
      },
      close() {
        open = false;
        return Promise.resolve();
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#works();
    const contents = this.#files.get(from);
    if (!contents) throw diskError('ENOENT');
    this.#files.delete(from);
    this.#files.set(to, contents);
  }

  async rm(path: string): Promise<void> {
    await this.#works();
    this.#files.delete(path);
  }

  async stat(path: string): Promise<unknown> {
    await this.#works();
    if (!this.#files.has(path)) throw diskError('ENOENT');
    return {};
  }

  async #works(): Promise<void> {
    while (this.#state === 'stuck') await new Promise<void>((resolve) => this.#stuck.push(resolve));
    if (this.#state === 'gone') throw diskError('EIO');
  }

  /** Takes all of it, or a part, as a disk may; one that is full or fails has often taken a part first. */
  async #write(contents: Contents, bytes: Uint8Array): Promise<number> {
    const dice = this.#dice;
    if (this.#slowMs > 0) await this.#clock.sleep(dice.int(0, this.#slowMs));
    await this.#works();
    const fails = this.#state === 'full' || dice.chance(this.#fails);
    if (fails && dice.chance(0.5)) throw diskError(this.#state === 'full' ? 'ENOSPC' : 'EIO');
    const count = fails || dice.chance(0.02) ? dice.int(0, bytes.length) : bytes.length;
    append(contents, bytes.subarray(0, count));
    if (fails) throw diskError(this.#state === 'full' ? 'ENOSPC' : 'EIO');
    return count;
  }
}

function append(contents: Contents, bytes: Uint8Array): void {
  const length = contents.length + bytes.length;
  if (length > contents.bytes.length) {
    const larger = Buffer.alloc(length * 2);
    contents.bytes.copy(larger, 0, 0, contents.length);
    contents.bytes = larger;
  }
  contents.bytes.set(bytes, contents.length);
  contents.length = length;
}

function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: the virtual disk`), { code });
}
