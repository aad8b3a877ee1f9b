"""The components of nhsuk-frontend that pages use, by the names of their macros."""

from typing import Final

COMPONENTS: Final = {
    "actionLink": "action-link", "backLink": "back-link", "breadcrumb": "breadcrumb", "button": "button",
    "card": "card", "checkboxes": "checkboxes", "dateInput": "date-input", "details": "details",
    "errorMessage": "error-message", "errorSummary": "error-summary", "fieldset": "fieldset",
    "fileUpload": "file-upload", "hint": "hint", "input": "input", "insetText": "inset-text",
    "notificationBanner": "notification-banner", "pagination": "pagination", "panel": "panel",
    "passwordInput": "password-input", "radios": "radios", "searchInput": "search-input", "select": "select",
    "skipLink": "skip-link", "summaryList": "summary-list", "tag": "tag", "taskList": "task-list",
    "textarea": "textarea", "warningCallout": "warning-callout",
}  # fmt: skip
