//! The two macros that declare a key once, and the name derivation they share.

/// Declares an object of the configuration: the struct, its defaults, its reader and its descriptor table.
///
/// ```text
/// section! {
///     /// What the object is for.
///     pub struct Reload {
///         /// Documentation of the key, shown in the schema and the book.
///         debounce_ms: u64 = 300;                  // JSON name `debounceMs`, a default
///         /// An optional key with bounds.
///         port: Option<u16>, min(1.0);             // attributes are the methods of `Key`
///         /// A name that Rust cannot spell.
///         kind as "type": Option<String>;
///     }
///     groups { /** More keys of the same JSON object. */ extra: MoreKeys; }
///     rest { /** Free keys beside the declared ones. */ inline: Map<Secret>; }
/// }
/// ```
///
/// `was(&["old.path"])` names where the value stood in earlier releases: the message about such a key and the migration
/// of `doctor` follow.
///
/// `planned("why")` says that nothing runs by the key yet, nor by what is below it: `status` and the book say so too.
///
/// Secrecy follows from the type: a [`Secret`](openclaw_guard::Secret) is hidden everywhere. The reload class is that
/// of the object around the key unless an attribute (`live()`, `hot()`, `restart()`) says otherwise.
macro_rules! section {
    (@default $ty:ty) => { <$ty>::default() };
    (@default $ty:ty, $default:expr) => { $default };
    (@rest) => { None };
    (@rest $ty:ty, $($doc:literal)+) => {
        $crate::read::rest_spec(&<$ty as $crate::read::ConfigType>::KIND, &[$($doc),+])
    };
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $(as $json:literal)? : $ty:ty $(= $default:expr)? $(, $attr:ident($($arg:expr),*))* ;
            )*
        }
        $(groups { $( $(#[doc = $group_doc:literal])+ $group:ident : $group_ty:ty ; )+ })?
        $(rest { $(#[doc = $rest_doc:literal])+ $rest:ident : $rest_ty:ty ; })?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $ty, )*
            $($( $(#[doc = $group_doc])+ pub $group: $group_ty, )+)?
            $( $(#[doc = $rest_doc])+ pub $rest: $rest_ty, )?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $crate::declare::section!(@default $ty $(, $default)?), )*
                    $($( $group: <$group_ty>::default(), )+)?
                    $( $rest: <$rest_ty>::default(), )?
                }
            }
        }

        impl $crate::read::Section for $name {
            const SPEC: $crate::spec::SectionSpec = $crate::spec::SectionSpec {
                name: stringify!($name),
                about: &[$($about),+],
                keys: &[$(
                    $crate::spec::Key::new(
                        $crate::declare::json_name!($field $(, $json)?),
                        <$ty as $crate::read::ConfigType>::KIND,
                        &[$($doc),+],
                    )
                    $( .with_default(|| <$ty as $crate::read::Shown>::to_json(&$default)) )?
                    $( .$attr($($arg),*) )*
                ),*],
                groups: &[$($( &<$group_ty as $crate::read::Section>::SPEC ),+)?],
                rest: $crate::declare::section!(@rest $($rest_ty, $($rest_doc)+)?),
            };

            fn read_object(object: &serde_json::Map<String, serde_json::Value>) -> Option<Self> {
                Some(Self {
                    $( $field: match object.get($crate::declare::json_name!($field $(, $json)?)) {
                        Some(value) => <$ty as $crate::read::ConfigType>::read(value)?,
                        None => $crate::declare::section!(@default $ty $(, $default)?),
                    }, )*
                    $($( $group: <$group_ty as $crate::read::Section>::read_object(object)?, )+)?
                    $( $rest: $crate::read::read_rest::<Self, $rest_ty>(object)?, )?
                })
            }
        }

        impl $crate::read::ConfigType for $name {
            const KIND: $crate::spec::Kind = $crate::spec::Kind::Object(&<$name as $crate::read::Section>::SPEC);

            fn read(value: &serde_json::Value) -> Option<Self> {
                <$name as $crate::read::Section>::read_object(value.as_object()?)
            }
        }
    };
}

/// Declares a closed set of strings as an enum.
macro_rules! choices {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident { $( $variant:ident = $json:literal ),+ $(,)? }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( #[doc = concat!("`", $json, "`")] $variant ),+ }

        impl $name {
            /// The spelling in the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $json ),+ }
            }
        }

        impl $crate::read::ConfigType for $name {
            const KIND: $crate::spec::Kind = $crate::spec::Kind::Choice(&[$($json),+]);

            fn read(value: &serde_json::Value) -> Option<Self> {
                match value.as_str()? { $( $json => Some(Self::$variant), )+ _ => None }
            }
        }

        impl $crate::read::Shown for $name {
            fn to_json(&self) -> serde_json::Value { self.as_str().into() }
        }
    };
}

/// The JSON name of a field: the one given, or the field's name in camel case.
macro_rules! json_name {
    ($field:ident, $json:literal) => {
        $json
    };
    ($field:ident) => {{
        const SNAKE: &str = stringify!($field);
        const BYTES: [u8; $crate::declare::camel_len(SNAKE)] = $crate::declare::camel(SNAKE);
        const NAME: &str = match core::str::from_utf8(&BYTES) {
            Ok(name) => name,
            Err(_) => SNAKE,
        };
        NAME
    }};
}

pub(crate) use {choices, json_name, section};

/// Bytes of the camel-case form: the snake-case form without its underscores.
pub(crate) const fn camel_len(snake: &str) -> usize {
    let bytes = snake.as_bytes();
    let (mut at, mut len) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'_' {
            len += 1;
        }
        at += 1;
    }
    len
}

/// `debounce_ms` becomes `debounceMs`.
pub(crate) const fn camel<const LEN: usize>(snake: &str) -> [u8; LEN] {
    let bytes = snake.as_bytes();
    let mut out = [0; LEN];
    let (mut at, mut len, mut upper) = (0, 0, false);
    while at < bytes.len() {
        if bytes[at] == b'_' {
            upper = true;
        } else {
            out[len] = if upper { bytes[at].to_ascii_uppercase() } else { bytes[at] };
            len += 1;
            upper = false;
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_camel_case_unless_given() {
        assert_eq!(json_name!(port), "port");
        assert_eq!(json_name!(debounce_ms), "debounceMs");
        assert_eq!(json_name!(remote_cdp_handshake_timeout_ms), "remoteCdpHandshakeTimeoutMs");
        assert_eq!(json_name!(kind, "type"), "type");
    }
}
