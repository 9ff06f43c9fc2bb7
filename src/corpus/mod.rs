//! Inputs: descriptors of real tools, golden vectors, and larger sets drawn from them.

pub mod vectors;
