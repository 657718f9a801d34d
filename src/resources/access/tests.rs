use super::*;

fn line(major: u32, minor: u32) -> VersionNumber {
    VersionNumber {
        major,
        minor,
        patch: 0,
    }
}

#[test]
fn what_the_engine_understands_is_taken_as_it_is() {
    for text in [
        "",
        "on ~* +@all",
        "off",
        "ON allkeys ALLCOMMANDS",
        "on ~app::* -@all +@read +@hash +@bitmap +@geo -setbit -bitfield -hset -hmset -hincrby",
        "on ~a ~b &news.* &weather +get +SET +client|id -client|kill",
        "on %R~src:* %W~dst:* %RW~both:* +@all",
        "on ~* resetkeys ~a +select|0",
        "on clearselectors (+get ~key1) (+set ~key2 ~key3) ( +del ~key4 )",
        "on ~odd) +@all -@dangerous",
        "on ~* +json.get +@json +@bloom +bf.add +ft.search",
    ] {
        let taken = AccessString::new(text);
        assert_eq!(taken.as_ref().map(AccessString::as_str), Ok(text), "{text}");
    }
}

#[test]
fn what_it_does_not_or_what_is_withheld_is_refused() {
    let check = |text: &str, part: &str| {
        let refused = AccessString::new(text).expect_err(text);
        assert!(refused.message().contains(part), "{text}: {refused}");
    };
    for text in [
        "on >secret",
        "on <secret",
        "on #0123",
        "on !0123",
        "on nopass",
        "resetpass",
    ] {
        check(text, "Password rules are not supported");
    }
    check("reset on", "reset rule is not supported");
    check("on ~* +@nothing", "invalid category(s)");
    check("on ~* +@", "invalid category(s)");
    for text in [
        "sesame",
        "on ~* ~a",
        "on allkeys %R~a",
        "on &* &a",
        "on %X~a",
        "on %R",
        "(+get ~a",
        "(+get (~a))",
        "(on +get)",
        "on *",
    ] {
        check(text, "The access-string is invalid.");
    }
    for text in ["+nosuch", "+", "-get|x", "+config2", "+client|nosuch"] {
        check(text, "unknown command");
    }
    for text in [
        "on +config",
        "on -config",
        "on +CONFIG|GET",
        "on +@all -shutdown",
        "on +acl|setuser",
        "on +cluster|failover",
        "on (+debug ~*)",
        "on +replicaof",
    ] {
        check(text, "restricted command");
    }
    check("on db=1", "database rules");
    check(&"+get ".repeat(2_001), "10000");
}

#[test]
fn more_rules_come_after_those_there_are() {
    let string = AccessString::new("on ~a +get").unwrap();
    assert_eq!(string.append("+set").unwrap().as_str(), "on ~a +get +set");
    assert!(string.append("~* ~b").is_err());
}

#[test]
fn a_node_is_told_the_same_less_what_is_withheld() {
    let rules = |text: &str, line| {
        let string = AccessString::new(text).unwrap();
        string.rules(Engine::Redis, line).join(" ")
    };
    let seven = rules("on ~a* +@all", line(7, 0));
    assert!(
        seven.starts_with("reset on ~a* +@all -bgrewriteaof"),
        "{seven}"
    );
    for denied in ["-config", "-acl|setuser", "-cluster|failover", "-replicaof"] {
        assert!(
            seven.split(' ').any(|rule| rule == denied),
            "{denied} in {seven}"
        );
    }
    // The selector has rights of its own, so what is withheld is taken from it, too.
    let selector = rules("on (+@all ~x &c)", line(7, 0));
    let inner = selector
        .split_once('(')
        .unwrap()
        .1
        .split_once(')')
        .unwrap()
        .0;
    assert!(inner.starts_with("resetchannels +@all ~x &c "), "{inner}");
    assert!(
        inner.contains("-config") && inner.contains("-acl|setuser"),
        "{inner}"
    );
    // A channel can only be named by one who does not have all.
    assert!(rules("on &c", line(7, 0)).starts_with("reset resetchannels on &c"));
    assert!(rules("on &c ~k", line(6, 0)).starts_with("reset on ~k"));
}

#[test]
fn old_lines_grant_harmless_subcommands_to_those_who_had_the_command() {
    let has = |text: &str, rule: &str| {
        let string = AccessString::new(text).unwrap();
        let rules = string.rules(Engine::Redis, line(6, 2));
        assert!(rules.iter().any(|it| it == "-acl"), "{text}");
        assert!(!rules.iter().any(|it| it == "-acl|setuser"), "{text}");
        rules.iter().any(|it| it == rule)
    };
    assert!(has("on ~* +@all", "+acl|whoami"));
    assert!(has("on ~* allcommands", "+cluster|info"));
    assert!(!has("on ~* +@read", "+acl|whoami"));
    assert!(!has("on ~* +@all -@dangerous", "+acl|whoami"));
    assert!(!has("on ~* +@all -acl", "+acl|whoami"));
    assert!(has("on ~* +@read +acl|whoami", "+acl|whoami"));
    assert!(!has("on ~* +@read +acl|whoami", "+acl|list"));
}

#[test]
fn what_only_later_lines_have_is_known() {
    let needs = |text: &str| AccessString::new(text).unwrap().needs_line_7();
    assert!(!needs("on ~* &c +@all"));
    assert!(needs("on %R~a +@all"));
    assert!(needs("on (+get ~a)"));
}
