//! An empty module in another file than its `mod` item, for the compile error
//! `on_a_module_in_another_file`.
