use super::*;

pub(crate) fn user(id: &str, name: &str, engine: Engine) -> User {
    User {
        user_id: id.to_owned(),
        user_name: name.to_owned(),
        engine,
        authentication: Authentication::Password(vec![
            PasswordDigest::of("a password of a test").unwrap(),
        ]),
        ..User::default_of(&Scope::of_anyone())
    }
}

#[test]
fn passwords_are_bounded_and_never_printed() {
    assert!(PasswordDigest::of(&"p".repeat(16)).is_ok());
    assert!(PasswordDigest::of(&"p".repeat(128)).is_ok());
    for bad in [
        &"p".repeat(15),
        &"p".repeat(129),
        "",
        "has,a comma in it",
        "has\"a quote in it",
        "has/a slash in it",
        "has@an at sign in",
        "has a täg in it..",
        "has\ta tab in it...",
    ] {
        assert!(PasswordDigest::of(bad).is_err(), "{bad:?}");
    }
    let digest = PasswordDigest::of("correct horse battery").unwrap();
    assert_eq!(digest.digits().len(), 64);
    let printed = format!("{:?}", user("a", "a", Engine::Redis));
    assert!(!printed.contains(digest.digits()) && printed.contains("PasswordDigest(..)"));
}

#[test]
fn names_are_what_nodes_take() {
    assert_eq!(user_id("My-User").unwrap(), "my-user");
    assert_eq!(user_name("Zoë").unwrap(), "Zoë");
    for bad in [
        "",
        "a b",
        "a\n",
        "cacheplane-administrator",
        &"n".repeat(257),
    ] {
        assert!(user_name(bad).is_err(), "{bad:?}");
    }
    assert_eq!(engine("REDIS"), Ok(Engine::Redis));
    assert_eq!(engine("valkey"), Ok(Engine::Valkey));
    assert!(engine("memcached").is_err() && engine("").is_err());
}

#[test]
fn a_version_is_needed_that_knows_the_rules() {
    let mut it = user("a", "a", Engine::Redis);
    assert_eq!(it.minimum_engine_version(), (6, 0));
    it.access_string = AccessString::new("on %R~a +get").unwrap();
    assert_eq!(it.minimum_engine_version(), (7, 0));
    it.access_string = AccessString::new("on").unwrap();
    it.authentication = Authentication::Iam;
    assert_eq!(it.minimum_engine_version(), (7, 0));
    it.engine = Engine::Valkey;
    assert_eq!(it.minimum_engine_version(), (7, 2));
}

#[test]
fn a_node_lets_in_whom_its_group_says_and_nobody_else() {
    let line = VersionNumber {
        major: 7,
        minor: 0,
        patch: 15,
    };
    let words = |users: Option<&[User]>| -> Vec<String> {
        node_users(users, None, Engine::Redis, line)
            .into_iter()
            .map(|it| format!("{}: {}", it.name, it.rules.join(" ")))
            .collect()
    };
    let open = words(None);
    assert!(open[0].starts_with("default: reset on nopass ~* +@all &* -bgrewriteaof"));
    assert_eq!(open.len(), 1);
    let app = user("app", "App", Engine::Valkey);
    let closed = words(Some(&[app]));
    assert!(closed[0].starts_with("App: reset on ~* +@all -bgrewriteaof"));
    assert!(closed[0].contains(" #"), "{closed:?}");
    assert_eq!(closed[1], "default: reset off");
    let both = words(Some(&[User::default_of(&Scope::of_anyone())]));
    assert!(both[0].ends_with(" nopass") && both.len() == 1, "{both:?}");
}
