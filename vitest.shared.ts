import { configDefaults, defineConfig } from 'vitest/config'

// What the tests of all packages have in common. A package that needs more merges it in its own vitest.config.ts.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/dist/**'],
    // Processes, not threads: the code under test starts threads of its own and counts them.
    pool: 'forks',
    // Threads load the built files themselves. Were vite to transform them for the tests,
    // there would be two copies of one module, and the tests would be about the other one.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: false,
    // scripts/test-reports.mjs adds these up.
    reporters: ['default', ['json', { outputFile: '.turbo/test-report.json' }]],
  },
})
