"""No secret stands in `contender.toml`, and none is shown by what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.orders.mailbox import PASSWORD_VARIABLE
from pipelines.settings import SettingsError, load_settings


def loaded(home: Path, text: str, **variables: str):
    (home / "contender.toml").write_text(text, encoding="utf-8")
    return load_settings({"CONTENDER_HOME": str(home), **variables})


SOURCE = '[models.product_codes.source]\nurl = "{}"\n'


@pytest.mark.parametrize(
    "text",
    [
        'store_url = "postgresql+psycopg://me:hunter2@db/contender"',
        SOURCE.format("postgresql://me:hunter2@db/shop?table=t"),
        SOURCE.format("postgresql://me@db/shop?table=t&password=hunter2"),
        SOURCE.format("https://me:hunter2@shop.example/items.csv"),
        SOURCE.format("https://shop.example/items.csv?access_token=hunter2"),
        '[feed]\nurl = "imaps://me:hunter2@mail.example/INBOX"',
        '[orders]\npost_to = "https://me:hunter2@erp.example/orders"',
    ],
)
def test_a_password_in_the_settings_file_is_refused_with_the_way_to_do_it_right(home, text):
    with pytest.raises(SettingsError, match=r"no passwords in this file; write \$\{NAME\}") as told:
        loaded(home, text)
    assert "hunter2" not in str(told.value)


def test_an_address_names_its_secret_and_the_environment_or_a_file_holds_it(home, tmp_path):
    file = tmp_path / "secret"
    file.write_text("a/b@c:d ñ\n", encoding="utf-8")
    text = SOURCE.format("https://me:${SHOP}@shop.example/items.csv?key=${SHOP_KEY}")
    settings = loaded(home, text, SHOP_FILE=str(file), SHOP_KEY="k&1")

    source = settings.models["product_codes"].source.url
    assert source == "https://me:a%2Fb%40c%3Ad%20%C3%B1@shop.example/items.csv?key=k%261"


@pytest.mark.parametrize("variables", [{}, {"SHOP": ""}, {"SHOP_FILE": "/nowhere/secret"}])
def test_a_secret_that_is_named_and_not_set_is_missed_by_name(home, variables):
    text = SOURCE.format("https://me:${SHOP}@shop.example/items.csv")
    with pytest.raises(SettingsError, match=r"models.product_codes.source.url: .*SHOP"):
        loaded(home, text, **variables)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader@db.example/shop?table=sales.products",
        "https://shop.example:8443/items.csv?page=1&monkey=2",
        "var/demo/$items.csv",
        "imaps://orders@mail.example/INBOX",
    ],
)
def test_an_address_without_a_secret_stays_as_it_is(home, url):
    assert loaded(home, SOURCE.format(url)).models["product_codes"].source.url == url


def test_the_password_of_the_mailbox_comes_by_a_file_too(tmp_path):
    from pipelines.orders.mailbox import password_for

    file = tmp_path / "secret"
    file.write_text("sesame\n", encoding="utf-8")
    url = "imaps://orders@mail.example/INBOX"
    assert password_for(url, {f"{PASSWORD_VARIABLE}_FILE": str(file)}) == "sesame"
    assert password_for(url, {PASSWORD_VARIABLE: "open"}) == "open"
