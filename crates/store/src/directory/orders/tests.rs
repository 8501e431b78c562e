use std::cmp::Ordering;
use std::sync::Arc;

use ironward_core::{Id, Money, Role};

use super::super::{Directory, DirectoryWriter, Entry, LiveKey};
use super::{KeyOrder, KeysOf, UserOrder};
use crate::objects::{
    Content, Key, Kind, Member, Membership, Origin, Owner, Project, ServiceAccount, Team, User,
};
use crate::row::Stored;

type Held = Arc<Entry<Key, LiveKey>>;
type Compare<T> = fn(&T, &T) -> Ordering;

fn id<K>(name: &str, number: u64) -> Id<K> {
    Id::new(&format!("{name} {number}"))
}

/// A key that has something in common with some others, in each way that is looked for.
fn key(number: u64) -> Content {
    let some = |of: u64| number.is_multiple_of(of);
    let mut key = Key {
        alias: (!some(3)).then(|| format!("alias {}", number % 5).into()),
        owner: match number % 3 {
            0 => Owner::Team,
            1 => Owner::ServiceAccount(id("account", number % 2)),
            _ => Owner::User(id("user", number % 4)),
        },
        team: some(2).then(|| id("team", number % 3)),
        project: some(5).then(|| id("project", number % 3)),
        organisation: some(4).then(|| id("organisation", number % 3)),
        creator: some(3).then(|| id("user", number % 4)),
        origin: Origin {
            created_at: number % 7,
            updated_at: number % 11,
            ..Origin::default()
        },
        ..Key::default()
    };
    key.grant.expires = (!some(4)).then_some(number % 6);
    key.spending.max_budget = (!some(5)).then(|| Money::from_nanos(number % 3));
    Content::Key(Box::new(key))
}

#[track_caller]
fn assert_same<K, C>(found: &[Arc<Entry<K, C>>], wanted: &[Arc<Entry<K, C>>]) {
    let ids = |entries: &[Arc<Entry<K, C>>]| -> Vec<String> {
        let ids = entries.iter().map(|entry| entry.id.as_str().to_owned());
        ids.collect()
    };
    assert_eq!(ids(found), ids(wanted));
    assert!(found.iter().all(|entry| entry.is_current()));
}

/// What is found in an order is what a walk over all keys finds.
#[track_caller]
fn assert_keys_found(directory: &Directory) {
    let orders: [(KeyOrder, Compare<Held>); 6] = [
        (KeyOrder::Id, |_, _| Ordering::Equal),
        (KeyOrder::CreatedAt, |one, other| {
            one.object.created_at.cmp(&other.object.created_at)
        }),
        (KeyOrder::UpdatedAt, |one, other| {
            one.object.updated_at.cmp(&other.object.updated_at)
        }),
        (KeyOrder::Expires, |one, other| {
            one.object.grant.date.cmp(&other.object.grant.date)
        }),
        (KeyOrder::MaxBudget, |one, other| {
            let budget = |key: &Held| key.object.spending.rest.max_budget;
            budget(one).cmp(&budget(other))
        }),
        (KeyOrder::Alias, |one, other| {
            one.object.alias.cmp(&other.object.alias)
        }),
    ];
    for (order, by) in orders {
        let mut wanted = directory.keys.select(|_| true);
        wanted.sort_by(by);
        let page = |part, descending| directory.page_of_keys(order, part, descending);
        let (found, total) = page((0, usize::MAX), false);
        assert_eq!(total, wanted.len());
        assert_same(&found, &wanted);
        assert_same(
            &page((3, 4), false).0,
            &found[found.len().min(3)..found.len().min(7)],
        );
        wanted.reverse();
        assert_same(&page((0, usize::MAX), true).0, &wanted);
    }
    let all = directory.keys.select(|_| true);
    let mut aliases: Vec<&str> = all
        .iter()
        .filter_map(|key| key.object.alias.as_deref())
        .collect();
    aliases.sort_unstable();
    aliases.dedup();
    let (found, total) = directory.page_of_key_aliases((1, 2));
    assert_eq!(total, aliases.len());
    let found: Vec<&str> = found
        .iter()
        .filter_map(|key| key.object.alias.as_deref())
        .collect();
    assert_eq!(found, aliases[total.min(1)..total.min(3)]);
}

#[track_caller]
fn assert_keys_found_by_owner(directory: &Directory) {
    for number in 0..5 {
        let name = |kind: &str| format!("{kind} {number}");
        let (user, account) = (name("user"), name("account"));
        let (team, project, organisation) = (name("team"), name("project"), name("organisation"));
        let alias = name("alias");
        let assert = |what: KeysOf<'_>, is: &dyn Fn(&LiveKey) -> bool| {
            let wanted = directory.keys.select(|key| is(&key.object));
            assert_same(&directory.keys_of(what), &wanted);
        };
        let owns = |owner: Owner| move |key: &LiveKey| key.owner == owner;
        assert(KeysOf::User(&user), &owns(Owner::User(Id::new(&user))));
        let wanted = directory.keys_of(KeysOf::User(&user)).len();
        assert_eq!(directory.count_keys_of_user(&user), wanted);
        let of_account = owns(Owner::ServiceAccount(Id::new(&account)));
        assert(KeysOf::ServiceAccount(&account), &of_account);
        assert(KeysOf::Alias(&alias), &|key| {
            key.alias.as_deref() == Some(&alias)
        });
        assert(KeysOf::Creator(&user), &|key| {
            key.creator == Some(Id::new(&user))
        });
        assert(KeysOf::Team(&team), &|key| key.team == Some(Id::new(&team)));
        let is_project = |key: &LiveKey| key.project == Some(Id::new(&project));
        assert(KeysOf::Project(&project), &is_project);
        let is_here = |key: &LiveKey| key.organisation == Some(Id::new(&organisation));
        assert(KeysOf::Organisation(&organisation), &is_here);
    }
}

#[test]
fn the_orders_of_keys_follow_every_change() {
    let mut writer = DirectoryWriter::new();
    // Not in the order of their ids.
    for number in (0..20).rev() {
        let content = key(number);
        writer.load(Stored {
            kind: content.kind(),
            id: format!("key {number}").into(),
            version: 1,
            seq: 1,
            content: Some(content),
            mark: 0,
        });
    }
    writer.flush();
    assert_keys_found(&writer.directory());
    assert_keys_found_by_owner(&writer.directory());
    change(&mut writer, Kind::Key, key, |directory| {
        assert_keys_found(directory);
        assert_keys_found_by_owner(directory);
    });
}

/// Sets and unsets objects of one kind, again and again.
fn change(
    writer: &mut DirectoryWriter,
    kind: Kind,
    content: fn(u64) -> Content,
    assert: fn(&Directory),
) {
    for step in 0..300_u64 {
        let random = step.wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let id = format!("{} {}", kind.as_str(), random % 30);
        if random.is_multiple_of(5) {
            writer.unset(kind, &id);
        } else {
            writer.set(&id, content(random / 30));
        }
        assert(&writer.directory());
    }
}

/// A team of two of five users, or of one, in one of three organisations or in none.
fn team(number: u64) -> Content {
    let member = |number: u64| Member {
        user: id("user", number % 5),
        is_admin: false,
        grant: Default::default(),
        spending: Default::default(),
    };
    Content::Team(Box::new(Team {
        organisation: (!number.is_multiple_of(4)).then(|| id("organisation", number % 3)),
        members: vec![member(number), member(number / 5)],
        ..Team::default()
    }))
}

#[test]
fn the_teams_of_users_and_organisations_follow_every_change() {
    change(&mut DirectoryWriter::new(), Kind::Team, team, |directory| {
        for number in 0..5 {
            let (user, place) = (id("user", number), id("organisation", number));
            let wanted = directory.teams.select(|team| {
                let mut members = team.object.members.iter();
                members.any(|member| member.user == user)
            });
            assert_same(&directory.teams_of_user(user.as_str()), &wanted);
            let is_there = |team: &Entry<Team>| team.object.organisation.as_ref() == Some(&place);
            let wanted = directory.teams.select(is_there);
            assert_same(&directory.teams_of_organisation(place.as_str()), &wanted);
        }
    });
}

/// A user who is in up to two of three organisations.
fn user(number: u64) -> Content {
    let place = |number: u64| Membership {
        organisation: id("organisation", number % 4),
        role: Role::InternalUser,
        spending: Default::default(),
    };
    let places = [place(number), place(number / 4)];
    let count = usize::try_from(number % 3).unwrap();
    Content::User(Box::new(User {
        email: (!number.is_multiple_of(3)).then(|| format!("{}@example.com", number % 9).into()),
        alias: (!number.is_multiple_of(4)).then(|| format!("alias {}", number % 5).into()),
        role: Role::ALL[usize::try_from(number).unwrap() % Role::ALL.len()],
        organisations: places[..count].to_vec(),
        grant: Default::default(),
        spending: Default::default(),
        sso_user_id: None,
        identities: Vec::new(),
        metadata: Default::default(),
        kept: Default::default(),
        origin: Origin {
            created_at: number % 7,
            ..Origin::default()
        },
    }))
}

#[test]
fn the_orders_of_users_follow_every_change() {
    change(&mut DirectoryWriter::new(), Kind::User, user, |directory| {
        let all = || directory.users.select(|_| true);
        let orders: [(UserOrder, Compare<User>); 5] = [
            (UserOrder::Id, |_, _| Ordering::Equal),
            (UserOrder::Email, |one, other| one.email.cmp(&other.email)),
            (UserOrder::Alias, |one, other| one.alias.cmp(&other.alias)),
            (UserOrder::Role, |one, other| {
                one.role.as_str().cmp(other.role.as_str())
            }),
            (UserOrder::CreatedAt, |one, other| {
                one.origin.created_at.cmp(&other.origin.created_at)
            }),
        ];
        for (order, by) in orders {
            let mut wanted = all();
            wanted.sort_by(|one, other| by(&one.object, &other.object));
            let (found, total) = directory.page_of_users(order, (0, usize::MAX), false);
            assert_eq!(total, wanted.len());
            assert_same(&found, &wanted);
        }
        for number in 0..4 {
            let place = id("organisation", number);
            let wanted = directory.users.select(|user| {
                let mut places = user.object.organisations.iter();
                places.any(|its| its.organisation == place)
            });
            assert_same(&directory.users_of_organisation(place.as_str()), &wanted);
        }
    });
}

#[test]
fn projects_and_service_accounts_are_found_by_their_team() {
    let project = |number: u64| {
        Content::Project(Box::new(Project {
            alias: "p".into(),
            team: id("team", number % 3),
            grant: Default::default(),
            spending: Default::default(),
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        }))
    };
    change(
        &mut DirectoryWriter::new(),
        Kind::Project,
        project,
        |directory| {
            for number in 0..3 {
                let team = id("team", number);
                let wanted = directory
                    .projects
                    .select(|project| project.object.team == team);
                assert_same(&directory.projects_of_team(team.as_str()), &wanted);
            }
        },
    );
    let account = |number: u64| {
        Content::ServiceAccount(Box::new(ServiceAccount {
            alias: "a".into(),
            team: id("team", number % 3),
            grant: Default::default(),
            spending: Default::default(),
            identities: Vec::new(),
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        }))
    };
    change(
        &mut DirectoryWriter::new(),
        Kind::ServiceAccount,
        account,
        |directory| {
            for number in 0..3 {
                let team = id("team", number);
                let accounts = &directory.service_accounts;
                let wanted = accounts.select(|account| account.object.team == team);
                assert_same(&directory.service_accounts_of_team(team.as_str()), &wanted);
            }
        },
    );
}
