/** Work for when nothing is to be written, done in slices so that no batch waits long for one. */
export interface IdleTask {
  readonly name: string;
  /** Works for a few milliseconds. True: there is more to do now. False: nothing more until the next batch was written. */
  slice(): boolean | Promise<boolean>;
}
