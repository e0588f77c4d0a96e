//! Pictures: camera sources, JPEG in and out, conversion, scaling.
