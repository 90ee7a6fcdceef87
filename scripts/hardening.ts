/** The flags the server runs with, and therefore the tests too; the tidy test holds the launcher to the same list. */
export const HARDENING = ['--disable-proto=delete', '--disallow-code-generation-from-strings'];
