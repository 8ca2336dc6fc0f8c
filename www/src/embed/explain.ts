// What explains the chosen edge in detail, with its styles.

import { adopt } from "../lib/sheets";
import controls from "../styles/controls.css?inline";
import styles from "../styles/edge.css?inline";
import * as edgeView from "../views/edge/edge";

export const create: typeof edgeView.create = (container, events) => {
  adopt(container, controls, styles);
  return edgeView.create(container, events);
};
