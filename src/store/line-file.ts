import { constants } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { errorCodeOf } from './error-code.ts';

/** How large a file of lines may grow, and how many full ones are kept beside it (`.1` is the newest). */
export interface Rotation {
  readonly rotateBytes: number;
  readonly keep: number;
}

const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
const tailBytes = 65_536;
const lineFeed = 10;

/**
 * A file of whole lines that only grows, mode 0600, rotated by size. An append is there as a whole or not at all: what a failed one left
 * behind is cut off before the next. One append at a time.
 */
export class LineFile {
  readonly #path: string;
  readonly #rotation: Rotation;
  #file: FileHandle;
  /** The length of the file if every append was whole. */
  #size: number;
  #damaged = false;

  private constructor(path: string, file: FileHandle, options: { readonly size: number; readonly rotation: Rotation }) {
    this.#path = path;
    this.#file = file;
    this.#size = options.size;
    this.#rotation = options.rotation;
  }

  /** Opens or makes the file. A last line without an end is cut off: a process died while it was written, so nobody was told of it. */
  static async open(path: string, rotation: Rotation): Promise<LineFile> {
    const file = await open(path, openFlags, 0o600);
    try {
      await file.chmod(0o600);
      const { size } = await file.stat();
      const whole = await wholeLinesLength(file, size);
      if (whole < size) await file.truncate(whole);
      return new LineFile(path, file, { size: whole, rotation });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Appends whole lines. Rejects with what the file system said; then nothing of them stays. */
  async append(lines: string): Promise<void> {
    if (this.#damaged) await this.#repair();
    const bytes = Buffer.from(lines);
    if (this.#size > 0 && this.#size + bytes.length > this.#rotation.rotateBytes) await this.#rotate();
    this.#damaged = true;
    let written = 0;
    while (written < bytes.length) written += (await this.#file.write(bytes, written)).bytesWritten;
    this.#size += bytes.length;
    this.#damaged = false;
  }

  async close(): Promise<void> {
    try {
      if (this.#damaged) await this.#repair();
    } finally {
      await this.#file.close();
    }
  }

  /** Opens the file anew, because the disk may have been mounted again, and cuts it to the last whole append. */
  async #repair(): Promise<void> {
    await this.#file.close().catch(() => {});
    this.#file = await open(this.#path, openFlags, 0o600);
    const { size } = await this.#file.stat();
    if (size > this.#size) await this.#file.truncate(this.#size);
    this.#size = Math.min(size, this.#size);
    this.#damaged = false;
  }

  async #rotate(): Promise<void> {
    await this.#makeRoom();
    if (this.#rotation.keep > 0) await rename(this.#path, `${this.#path}.1`);
    else await rm(this.#path);
    const full = this.#file;
    this.#size = 0;
    this.#damaged = true;
    this.#file = await open(this.#path, openFlags, 0o600);
    this.#damaged = false;
    await full.close();
  }

  /**
   * Frees the name `.1`. Files move up only as far as the first free name, so that a rotation that fails and is tried again every second
   * does not push the older ones over the edge.
   */
  async #makeRoom(): Promise<void> {
    const { keep } = this.#rotation;
    let free = 1;
    while (free < keep && (await exists(`${this.#path}.${free}`))) free++;
    if (free === keep) await rm(`${this.#path}.${keep}`, { force: true });
    for (let to = free; to > 1; to--) await rename(`${this.#path}.${to - 1}`, `${this.#path}.${to}`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The length up to and with the last line feed. */
async function wholeLinesLength(file: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.alloc(tailBytes);
  for (let end = size; end > 0; end -= tailBytes) {
    const start = Math.max(0, end - tailBytes);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(lineFeed);
    if (at >= 0) return start + at + 1;
  }
  return 0;
}
