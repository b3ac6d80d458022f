import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The version of an installed package, whether its exports show package.json or not. */
export function versionOf(name: string): string {
  const file = fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url))
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
