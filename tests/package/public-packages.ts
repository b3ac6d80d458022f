// The packages that are published, read from disk: a package added to packages/ is checked without being named here.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type ExportTarget = string | { types?: string; default?: string; [condition: string]: unknown }

export interface Manifest {
  name: string
  version: string
  private?: boolean
  type?: string
  license?: string
  sideEffects?: boolean
  main?: string
  module?: string
  engines?: { node?: string }
  files?: string[]
  repository?: { directory?: string }
  exports: Record<string, ExportTarget>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

export interface PublicPackage {
  name: string
  /** Relative to the root of the repository, with forward slashes. */
  folder: string
  manifest: Manifest
}

export const root = fileURLToPath(new URL('../../', import.meta.url))

export const publicPackages: PublicPackage[] = readdirSync(`${root}packages`)
  .sort()
  .map(entry => {
    const folder = `packages/${entry}`
    const manifest = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as Manifest
    return { name: manifest.name, folder, manifest }
  })
  .filter(({ manifest }) => !manifest.private)

/** Answers every file below `folder` (relative to the root), as paths relative to `folder`. */
export function filesBelow(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/'))
    .map(path => path.slice(`${root}${folder}/`.length))
    .sort()
}
