"""Set-up of Salesforce: the Metadata package of the person's card, and the layouts that show it."""
