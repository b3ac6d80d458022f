// The sum of what the tests said. Every package leaves vitest's JSON report in the same
// place; turbo keeps it with the cached run, so a package that was not run again counts too.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolders, root } from './packages.mjs'

// Also named in vitest.shared.ts, which writes it, and turbo.json, which keeps it.
const reportOf = folder => join(root, folder, '.turbo', 'test-report.json')

/** Removes the reports of earlier runs: a run that dies before it reports must not be counted as one that passed. */
export function clearTestReports() {
  for (const folder of packageFolders()) rmSync(reportOf(folder), { force: true })
}

/** Answers the names of the packages that should have left a report and have not. */
export function packagesWithoutReport(manifests) {
  return manifests.filter(({ folder }) => !existsSync(reportOf(folder))).map(({ name }) => name)
}

export function countTests(manifests) {
  const count = { passed: 0, failed: 0, skipped: 0 }
  for (const { folder } of manifests) {
    if (!existsSync(reportOf(folder))) continue
    const report = JSON.parse(readFileSync(reportOf(folder), 'utf8'))
    count.passed += report.numPassedTests
    count.skipped += report.numPendingTests + report.numTodoTests
    // A file that could not be loaded has no tests, yet it failed.
    const unloaded = report.testResults.filter(
      file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
    )
    count.failed += report.numFailedTests + unloaded.length
  }
  return count
}

/** Programs look for this line: it keeps its form. */
export function formatTestCount({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
