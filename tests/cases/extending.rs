//! `docs/extending.md` against what it is about: its texts are files that are compiled, its steps can be taken, and the
//! program that they lead to does what it should.

mod built;
mod page;
mod size;
mod steps;
