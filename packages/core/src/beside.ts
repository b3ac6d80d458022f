/**
 * Where this module is: a file of its own in the package, beside that of all others, which alone imports it. In a user's bundle it is
 * in one file with them, whatever the chunks.
 */
export const besideUrl = import.meta.url
