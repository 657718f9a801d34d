use super::*;

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn configured(places: &[(&str, &str, Option<&str>)]) -> ConfiguredSubnets {
    let place = |(id, zone, vpc): &(&str, &str, Option<&str>)| {
        let vpc_id = vpc.map(str::to_owned);
        let zone = (*zone).to_owned();
        ((*id).to_owned(), SubnetPlace { zone, vpc_id })
    };
    places.iter().map(place).collect()
}

fn zones_of(list: &[&str], places: &ConfiguredSubnets) -> Vec<String> {
    let (_, subnets) = placed(&Scope::of_anyone(), places, &ids(list)).unwrap();
    subnets.into_iter().map(|subnet| subnet.zone).collect()
}

#[test]
fn a_zone_follows_from_the_last_character_or_the_configuration() {
    let plain = ConfiguredSubnets::new();
    let check = |id: &str, zone: &str| assert_eq!(zones_of(&[id], &plain), [zone], "{id}");
    check("subnet-1", "us-east-1a");
    check("subnet-2", "us-east-1b");
    check("subnet-0bb1c79de3EXAMPLE3", "us-east-1c");
    check("subnet-0", "us-east-1c");
    check("subnet-a", "us-east-1a");
    check("subnet-private-B", "us-east-1b");
    check("subnet-f", "us-east-1c");
    let told = configured(&[("subnet-1", "us-east-1f", None)]);
    assert_eq!(
        zones_of(&["subnet-1", "subnet-2", "subnet-1"], &told),
        ["us-east-1f", "us-east-1b"]
    );
}

#[test]
fn subnets_of_a_group_are_of_the_region_and_of_one_vpc() {
    let scope = Scope::of_anyone();
    let told = configured(&[
        ("subnet-far", "eu-west-1a", None),
        ("subnet-other", "us-east-1a", Some("vpc-other")),
    ]);
    let refused = |list: &[&str]| placed(&scope, &told, &ids(list)).unwrap_err();
    for bad in [
        "",
        "subnet-",
        "subnet-a_b",
        "vpc-1",
        "subnet-far",
        "subnet-x-",
    ] {
        let expected = SubnetFault::Invalid(ids(&["subnet-1", bad]));
        assert_eq!(refused(&["subnet-1", bad]), expected);
    }
    assert_eq!(
        refused(&["subnet-1", "subnet-other"]),
        SubnetFault::OtherVpc("subnet-1".to_owned(), "subnet-other".to_owned())
    );
    let many: Vec<String> = (0..21).map(|n| format!("subnet-{n}")).collect();
    assert_eq!(placed(&scope, &told, &many), Err(SubnetFault::TooMany));
    assert!(placed(&scope, &told, &many[..20]).is_ok());
    let (vpc, _) = placed(&scope, &told, &ids(&["subnet-other"])).unwrap();
    assert_eq!(vpc, "vpc-other");
}

#[test]
fn the_default_group_has_a_subnet_in_three_zones() {
    let plain = ConfiguredSubnets::new();
    let group = SubnetGroup::default_of(&Scope::of_anyone(), &plain);
    let zones: Vec<&str> = group.subnets.iter().map(|it| it.zone.as_str()).collect();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
    assert_eq!(group.vpc_id.len(), "vpc-".len() + 17);
    let elsewhere = Scope::of_caller("test", "eu-west-1").unwrap();
    let other = SubnetGroup::default_of(&elsewhere, &plain);
    assert_ne!(group.vpc_id, other.vpc_id);
    assert_ne!(group.subnets[0].subnet_id, other.subnets[0].subnet_id);
    // A group that names them is a group of the same VPC.
    let named: Vec<String> = group
        .subnets
        .iter()
        .map(|it| it.subnet_id.clone())
        .collect();
    let (vpc, subnets) = placed(&group.scope, &plain, &named).unwrap();
    assert_eq!((vpc, subnets), (group.vpc_id, group.subnets));
}

#[test]
fn names_are_lower_cased_and_bounded() {
    assert_eq!(name("My-Group1").unwrap(), "my-group1");
    assert!(name(&"a".repeat(255)).is_ok());
    for bad in ["", "a_b", "a b", "ä", &"a".repeat(256)] {
        assert!(name(bad).is_err(), "{bad:?}");
    }
    assert!(new_name("DEFAULT").is_err());
    assert!(description(&"d".repeat(256)).is_err());
}
