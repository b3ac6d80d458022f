// .mts, because every .ts file in this folder is an example.
export { default } from '../vitest.shared.js'
