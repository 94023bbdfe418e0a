//! Merges the function attributes of one item, and checks them against each other.

use proc_macro2::Span;
use syn::LitStr;

use super::{Args, Errors, Stated};

/// Removes each attribute inherited from the block if the item has an attribute of the same name
/// itself. The item's attribute gets the block's type name and generics, or is removed as well if
/// its only argument is `skip`.
pub(crate) fn merge(all: &mut Vec<Args>, errors: &mut Errors) {
    let mut index = 0;
    while index < all.len() {
        let attribute = all[index].instrument.attribute;
        let has_own = |args: &Args| !args.is_inherited && args.instrument.attribute == attribute;
        if !all[index].is_inherited || !all.iter().any(has_own) {
            index += 1;
            continue;
        }
        let replaced = all.remove(index);
        for own in all.iter_mut().filter(|args| has_own(args)) {
            own.enclosing.clone_from(&replaced.enclosing);
        }
        all.retain(|args| !(has_own(args) && args.only_skips()));
        index = 0;
    }
    check_duplicates(all, errors);
    share_stated(all, errors);
}

/// Sets `stated` of all attributes to the `future` and `stream` arguments of any of them.
fn share_stated(all: &mut [Args], errors: &mut Errors) {
    let mut stated = Stated::default();
    for args in &*all {
        stated.future = stated
            .future
            .or(args.future.get().map(|future| future.value));
        stated.stream = stated
            .stream
            .or(args.stream.get().map(|stream| stream.value));
    }
    if stated.future == Some(true) && stated.stream == Some(true) {
        for key in all.iter().filter_map(|args| args.stream.key()) {
            let message = "a function returns a future or a stream; remove `future` or `stream`";
            errors.at(key, message);
        }
    }
    for args in all {
        args.stated = stated;
    }
}

/// Reports an attribute that would record each call a second time.
fn check_duplicates(all: &[Args], errors: &mut Errors) {
    let series = |args: &Args| {
        let name = args.name.get().map(LitStr::value);
        (args.instrument.attribute, name, args.sample.is_set())
    };
    for (index, args) in all.iter().enumerate() {
        if all[..index]
            .iter()
            .any(|other| series(other) == series(args))
        {
            let attribute = args.instrument.attribute;
            let message = format!(
                "the function has `#[{attribute}]` twice, which would record each call twice; \
                 remove one, or give it a family of its own with `name = \"...\"`"
            );
            errors.push(syn::Error::new(Span::call_site(), message));
        }
    }
}
