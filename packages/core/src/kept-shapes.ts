// V8 compiles functions for the shapes (hidden classes) of the objects that they meet, and a shape lasts as long as an object of
// it does. If a collection of the whole heap finds none alive, since the program was idle in that moment, all code that was
// compiled for the shape may go with it; what comes next runs slowly until all is compiled anew, some 50 000 operations later. So
// one object of each shape that comes and goes is kept, whatever the program does. (An object, not its class: a class
// keeps only the shape that an object has before its first field is set.)
const kept: object[] = []

/** Keeps objects for the shapes they have. They are never used, so they must hold nothing of anybody's. */
export function keepShapes(...things: object[]): void {
  kept.push(...things)
}
