import { join } from 'node:path'
import { type BuildOptions, build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import webpack from 'webpack'

/** Where a bundle is to run. */
export type Platform = 'node' | 'browser'

/** A bundler and how it is told to do it. */
export interface Bundler {
  readonly platforms: readonly Platform[]
  /** Makes a bundle of the module `entry` below `folder`; answers the path of the bundle's file. */
  bundle(entry: string, folder: string, platform: Platform): Promise<string>
}

const MILLRACE = /packages[\\/](core|kernel)/

const byEsbuild = (shape: BuildOptions): Bundler => ({
  platforms: ['node', 'browser'],
  async bundle(entry, folder, platform) {
    const extension = platform === 'node' ? '.mjs' : '.js'
    await esbuild({
      entryPoints: { program: entry },
      outdir: folder,
      outExtension: { '.js': extension },
      bundle: true,
      format: 'esm',
      platform,
      logLevel: 'error',
      ...shape,
    })
    return join(folder, `program${extension}`)
  },
})

const byVite = (minify: boolean, chunks: boolean): Bundler => ({
  platforms: ['browser'],
  async bundle(entry, folder) {
    await vite({
      configFile: false,
      logLevel: 'error',
      root: folder,
      build: {
        outDir: folder,
        minify,
        modulePreload: { polyfill: false },
        rolldownOptions: {
          input: entry,
          output: {
            entryFileNames: 'program.js',
            chunkFileNames: '[name].js',
            ...(chunks ? { codeSplitting: { groups: [{ name: 'millrace', test: MILLRACE }] } } : {}),
          },
        },
      },
    })
    return join(folder, 'program.js')
  },
})

/** `aside`: what goes into a chunk beside the entry's file. */
const byWebpack = (minimize: boolean, aside?: RegExp): Bundler => ({
  platforms: ['node', 'browser'],
  async bundle(entry, folder, platform) {
    const extension = platform === 'node' ? '.mjs' : '.js'
    const configuration: webpack.Configuration = {
      mode: minimize ? 'production' : 'none',
      target: platform === 'node' ? 'node20' : 'web',
      entry: { program: entry },
      output: {
        path: folder,
        filename: `[name]${extension}`,
        chunkFilename: `[id]${extension}`,
        module: true,
        chunkFormat: 'module',
      },
      experiments: { outputModule: true },
      module: { parser: { javascript: { importMeta: false } } },
    }
    if (aside) {
      const chunk = { name: 'aside', test: aside, chunks: 'all', enforce: true } as const
      configuration.optimization = { splitChunks: { cacheGroups: { chunk } } }
    }
    await new Promise<void>((resolve, reject) => {
      webpack(configuration, (error, stats) => {
        if (error || stats?.hasErrors()) reject(error ?? new Error(stats?.toString('errors-only')))
        else resolve()
      })
    })
    return join(folder, `program${extension}`)
  },
})

export const bundlers: Record<string, Bundler> = {
  'esbuild, one file': byEsbuild({}),
  'esbuild, one file, minified': byEsbuild({ minify: true }),
  'esbuild, one file, minified, names kept': byEsbuild({ minify: true, keepNames: true }),
  'esbuild, chunks': byEsbuild({ splitting: true }),
  'esbuild, chunks, minified': byEsbuild({ splitting: true, minify: true }),
  'Vite, one file': byVite(false, false),
  'Vite, one file, minified': byVite(true, false),
  'Vite, chunks, minified': byVite(true, true),
  'webpack, one file': byWebpack(false),
  'webpack, one file, minified': byWebpack(true),
  'webpack, parallel functions in a chunk': byWebpack(false, /browser[\\/]functions/),
}

/** Bundles that have no thread's beginning, or not the functions: by the program that tells. */
export const unusable: Record<string, Bundler> = {
  refused: byWebpack(false, MILLRACE),
  'refused-later': byWebpack(false),
}
