//! The module of `on_a_module_in_another_file`.
