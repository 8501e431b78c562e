"""/user/*"""

from conftest import error, holds, unprocessable


def test_a_user_with_every_field(admin, name):
    organization, team, user = name("org"), name("team"), name("user")
    admin.post("/organization/new", {"organization_id": organization, "organization_alias": organization})
    admin.post("/team/new", {"team_id": team, "organization_id": organization})
    asked = {
        "user_id": user, "user_email": f"{user}@example.com", "user_alias": "Eve", "user_role": "internal_user",
        "max_budget": 10.5, "budget_duration": "30d", "models": ["mock"], "tpm_limit": 1000, "rpm_limit": 10,
        "max_parallel_requests": 3, "metadata": {"a": 1}, "aliases": {"best": "mock"}, "sso_user_id": name("sub"),
        "object_permission": {"mcp_servers": ["github"]},
    }
    made = admin.post("/user/new", {**asked, "teams": [team], "organizations": [organization], "key_alias": name("alias"),
                                    "duration": "30d", "send_invite_email": False})
    holds(made, **asked)
    assert made["teams"] == [team] and made["key"].startswith("sk-") and made["expires"]
    info = admin.get("/user/info", user_id=user)
    assert set(info) >= {"user_id", "user_info", "keys", "teams"}
    del asked["aliases"]
    holds(info["user_info"], **asked)
    assert [key["token"] for key in info["keys"]] == [made["token"]]
    assert [row["team_id"] for row in info["teams"]] == [team]
    holds(admin.get("/v2/user/info", user_id=user), user_id=user, user_alias="Eve")
    # LiteLLM: who has a key sees themselves.
    own = admin.with_key(made["key"]).get("/user/info")
    holds(own, user_id=user)


def test_defaults(admin):
    made = admin.post("/user/new")
    assert made["user_id"] and made["key"].startswith("sk-")
    # Differs: the least role; LiteLLM's default is internal_user_viewer only where it is set so.
    holds(made, user_role="internal_user_viewer", models=[], spend=0.0, max_budget=None)
    without = admin.post("/user/new", {"auto_create_key": False})
    assert not without.get("key")


def test_duplicates_are_a_409(admin, name):
    user = name("user")
    email = f"{user}@example.com"
    admin.post("/user/new", {"user_id": user, "user_email": email, "auto_create_key": False})
    error(admin.post("/user/new", {"user_id": user}, 409))
    error(admin.post("/user/new", {"user_email": email.upper()}, 409))


def test_a_password_is_a_422(admin):
    unprocessable(admin.post("/user/new", {"password": "hunter2"}, 422), "body", "password")


def test_update(admin, name):
    user = name("user")
    admin.post("/user/new", {"user_id": user, "user_email": f"{user}@example.com", "max_budget": 5, "auto_create_key": False})
    admin.post("/user/update", {"user_id": user, "user_role": "proxy_admin_viewer", "max_budget": None, "metadata": {"b": 2}})
    holds(admin.get("/user/info", user_id=user)["user_info"], user_role="proxy_admin_viewer", max_budget=None, metadata={"b": 2})
    admin.post("/user/update", {"user_email": f"{user}@example.com", "user_alias": "by mail"})
    holds(admin.get("/user/info", user_id=user)["user_info"], user_alias="by mail")
    assert admin.ask("POST", "/user/update", {"user_id": name("nobody"), "max_budget": 1}).status_code == 404
    answer = admin.post("/user/bulk_update", {"users": [{"user_id": user, "max_budget": 3.0}]})
    assert answer["successful_updates"] == 1 or len(answer["successful_updates"]) == 1
    # Differs: everybody at once is refused; LiteLLM takes all_users.
    assert admin.ask("POST", "/user/bulk_update", {"all_users": True, "user_updates": {"max_budget": 1}}).status_code in (400, 422)


def test_list(admin, name):
    users = [name("listed") for _ in range(3)]
    for user in users:
        admin.post("/user/new", {"user_id": user, "user_email": f"{user}@list.example", "user_role": "internal_user",
                                 "auto_create_key": False})
    page = admin.get("/user/list", user_email="@list.example", page_size=2)
    assert set(page) >= {"users", "total", "page", "page_size", "total_pages"}
    holds(page, total=3, page=1, page_size=2, total_pages=2)
    assert len(page["users"]) == 2
    rows = admin.get("/user/list", user_ids=",".join(users))["users"]
    assert sorted(row["user_id"] for row in rows) == sorted(users)
    assert all(row["user_role"] == "internal_user" for row in admin.get("/user/list", role="internal_user")["users"])
    assert admin.ask("GET", "/user/list", params={"page_size": 101}).status_code in (400, 422)


def test_delete(admin, name):
    user = name("user")
    made = admin.post("/user/new", {"user_id": user})
    admin.post("/user/delete", {"user_ids": [user]})
    error(admin.get("/user/info", 404, user_id=user))
    assert admin.with_key(made["key"]).chat() == 401
    assert admin.ask("POST", "/user/delete", {"user_ids": [user]}).status_code in (400, 404)


def test_a_viewer_sees_and_changes_nothing(admin, name):
    made = admin.post("/user/new", {"user_id": name("viewer"), "user_role": "proxy_admin_viewer"})
    viewer = admin.with_key(made["key"])
    viewer.get("/key/list")
    viewer.get("/user/list")
    error(viewer.post("/key/generate", {}, 403))
    error(viewer.post("/user/new", {}, 403))
    error(viewer.post("/team/new", {}, 403))
