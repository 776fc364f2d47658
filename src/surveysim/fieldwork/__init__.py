"""What happens when the numbers are dialled: calls, contact, selection, cooperation, answers, dispositions."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(
    __name__,
    {
        "answers": "Measurement",
        "calls": "Fieldwork call dial",
        "case_file": "CaseFile",
        "cost": "calendar costs",
        "dispositions": "response_rates",
        "eligibility": "combined_rates eligibility_table estimate_e",
        "protocol": "Protocol solve",
        "response": "ResponseModel",
    },
)
