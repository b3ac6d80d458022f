export function compileKernel(options?: {
  edit?: (file: string, text: string) => string
  optimize?: string
}): Promise<Uint8Array>
