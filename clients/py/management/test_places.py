"""/organization/*, /project/*, /customer/*, /budget/*"""

import pytest
from conftest import error, holds


def test_an_organization_lives(admin, name):
    organization, user = name("org"), name("user")
    admin.post("/user/new", {"user_id": user, "user_email": f"{user}@example.com", "user_role": "internal_user"})
    made = admin.post("/organization/new", {
        "organization_id": organization, "organization_alias": "Acme", "models": ["mock"], "max_budget": 10, "soft_budget": 8,
        "budget_duration": "30d", "tpm_limit": 1000, "rpm_limit": 10, "max_parallel_requests": 4, "metadata": {"a": 1},
        "model_max_budget": {"mock": {"max_budget": 1.0, "budget_duration": "1d"}},
    })
    holds(made, organization_id=organization, organization_alias="Acme", models=["mock"], metadata={"a": 1}, spend=0.0)
    holds(made["litellm_budget_table"], max_budget=10.0, budget_duration="30d", tpm_limit=1000, rpm_limit=10)
    # Differs: its budget is part of it; LiteLLM makes a budget object beside it.
    holds(made, budget_id=None)
    added = admin.post("/organization/member_add", {
        "organization_id": organization, "member": {"role": "org_admin", "user_id": user}, "max_budget_in_organization": 2.0})
    assert set(added) >= {"organization_id", "updated_users", "updated_organization_memberships"}
    holds(added["updated_organization_memberships"][0], user_id=user, user_role="org_admin")
    team = admin.post("/team/new", {"team_id": name("team"), "organization_id": organization})["team_id"]
    info = admin.get("/organization/info", organization_id=organization)
    assert [row["user_id"] for row in info["members"]] == [user]
    assert [row["team_id"] for row in info["teams"]] == [team]
    assert organization in [row["organization_id"] for row in admin.get("/organization/list")]
    updated = admin.patch("/organization/update", {"organization_id": organization, "max_budget": None, "organization_alias": "Acme 2"})
    holds(updated, organization_alias="Acme 2", models=["mock"])
    changed = admin.patch("/organization/member_update", {"organization_id": organization, "user_id": user, "role": "internal_user"})
    holds(changed, user_role="internal_user")
    admin.delete("/organization/member_delete", {"organization_id": organization, "user_id": user})
    assert admin.get("/organization/info", organization_id=organization)["members"] == []
    key = admin.with_key(admin.post("/key/generate", {"team_id": team})["key"])
    assert [key.chat("mock"), key.chat("other-mock")] == [200, 403]
    admin.delete("/organization/delete", {"organization_ids": [organization]})
    assert key.chat() == 401
    error(admin.get("/organization/info", 404, organization_id=organization))
    error(admin.get("/team/info", 404, team_id=team))


def test_an_organizations_administrator(admin, name):
    organization, chief = name("org"), name("chief")
    admin.post("/organization/new", {"organization_id": organization, "organization_alias": organization})
    key = admin.post("/user/new", {"user_id": chief, "user_role": "internal_user"})["key"]
    admin.post("/organization/member_add", {"organization_id": organization, "member": {"role": "org_admin", "user_id": chief}})
    own = admin.with_key(key)
    team = own.post("/team/new", {"team_id": name("team"), "organization_id": organization})["team_id"]
    member = own.post("/user/new", {"user_id": name("member"), "user_role": "internal_user", "organizations": [organization]})
    own.post("/team/member_add", {"team_id": team, "member": {"role": "user", "user_id": member["user_id"]}})
    assert own.with_key(own.post("/key/generate", {"team_id": team})["key"]).chat() == 200
    error(own.post("/organization/new", {"organization_alias": "mine"}, 403))
    error(own.post("/user/new", {"user_role": "proxy_admin", "organizations": [organization]}, 403))


def test_a_project_lives(admin, name):
    team = admin.post("/team/new", {"team_id": name("team")})["team_id"]
    made = admin.post("/project/new", {"project_id": name("project"), "project_alias": "P", "team_id": team, "description": "d",
                                       "models": ["mock"], "max_budget": 4.0, "metadata": {"a": 1}})
    project = made["project_id"]
    holds(made, project_alias="P", team_id=team, description="d", models=["mock"], metadata={"a": 1})
    key = admin.with_key(admin.post("/key/generate", {"team_id": team, "project_id": project})["key"])
    assert [key.chat("mock"), key.chat("other-mock")] == [200, 403]
    holds(admin.post("/project/update", {"project_id": project, "max_budget": 2.0}), project_alias="P")
    holds(admin.get("/project/info", project_id=project), project_id=project)
    assert project in [row["project_id"] for row in admin.get("/project/list")]
    admin.delete("/project/delete", {"project_ids": [project]})
    error(admin.get("/project/info", 404, project_id=project))


@pytest.mark.parametrize("prefix", ["/customer", "/end_user"])
def test_a_customer_lives(admin, name, prefix):
    customer = name("customer")
    made = admin.post(f"{prefix}/new", {"user_id": customer, "alias": "C", "max_budget": 3.0, "models": ["mock"],
                                        "allowed_model_region": "eu", "default_model": "mock", "blocked": False})
    holds(made, user_id=customer, alias="C", allowed_model_region="eu", default_model="mock", blocked=False, spend=0.0)
    holds(made["litellm_budget_table"], max_budget=3.0)
    error(admin.post(f"{prefix}/new", {"user_id": customer}, 400), "bad_request")
    budget = admin.post("/budget/new", {"budget_id": name("budget"), "max_budget": 1})["budget_id"]
    assert admin.ask("POST", f"{prefix}/new", {"user_id": name("c"), "budget_id": budget, "max_budget": 1}).status_code in (400, 422)
    assert admin.ask("POST", f"{prefix}/new", {"user_id": name("c"), "allowed_model_region": "moon"}).status_code == 422
    holds(admin.get(f"{prefix}/info", end_user_id=customer), user_id=customer)
    holds(admin.post(f"{prefix}/update", {"user_id": customer, "alias": "D", "budget_id": budget, "max_budget": None}), alias="D")
    blocked = admin.post(f"{prefix}/block", {"user_ids": [customer]})
    assert blocked["blocked_users"][0]["blocked"] is True
    admin.post(f"{prefix}/unblock", {"user_ids": [customer]})
    holds(admin.get(f"{prefix}/info", end_user_id=customer), blocked=False)
    assert customer in [row["user_id"] for row in admin.get(f"{prefix}/list")]
    admin.post(f"{prefix}/delete", {"user_ids": [customer]})
    assert admin.ask("GET", f"{prefix}/info", params={"end_user_id": customer}).status_code in (400, 404)


def test_a_budget_lives(admin, name):
    budget = name("budget")
    asked = {"budget_id": budget, "max_budget": 10.0, "soft_budget": 5.0, "max_parallel_requests": 2, "tpm_limit": 100,
             "rpm_limit": 10, "tpd_limit": 1000, "budget_duration": "1d"}
    made = admin.post("/budget/new", {**asked, "model_max_budget": {"mock": {"max_budget": 1.0, "budget_duration": "1d"}}})
    holds(made, **asked)
    assert made["budget_reset_at"]
    error(admin.post("/budget/new", {"budget_id": budget}, 400))
    assert admin.ask("POST", "/budget/new", {"max_budget": -1}).status_code in (400, 422)
    holds(admin.post("/budget/update", {"budget_id": budget, "max_budget": 7.0}), max_budget=7.0, tpm_limit=100)
    rows = admin.post("/budget/info", {"budgets": [budget]})
    holds(rows[0], budget_id=budget, max_budget=7.0)
    assert budget in [row["budget_id"] for row in admin.get("/budget/list")]
    settings = admin.get("/budget/settings", budget_id=budget)
    assert "max_budget" in [row["field_name"] for row in settings]
    key = admin.post("/key/generate", {"budget_id": budget})["token"]
    # Differs: what something names is not deleted; LiteLLM leaves the key without a limit.
    assert admin.ask("POST", "/budget/delete", {"id": budget}).status_code in (400, 409)
    admin.post("/key/delete", {"keys": [key]})
    admin.post("/budget/delete", {"id": budget})
    assert budget not in [row["budget_id"] for row in admin.get("/budget/list")]
