"""What several clients ask for."""

from pydantic import BaseModel


class City(BaseModel):
    """A city and how many live there."""

    name: str
    inhabitants: int
    capital: bool


CITY_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}},
    "required": ["city"],
    "additionalProperties": False,
}

# What the scripted upstream makes of the schemas above.
CITY = City(name="name", inhabitants=1, capital=True)
ARGUMENTS = {"city": "city"}

CALL_ONE = "Please call the weather tool."
CALL_BOTH = "Please call both tools."
