/** What commands of the policy may need to find programs and the user's own services; no key of the gatehouse's environment. */
const names = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'XDG_RUNTIME_DIR'];

/** The part of this process's environment that the policy's commands see. */
export function commandEnvironment(): Readonly<Record<string, string>> {
  const entries = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}
